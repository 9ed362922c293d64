// The tensors that an ensemble's members give beside their mean: one line a measure, each a function of the same few numbers. All are
// those of @freetickets/metrics; what is here is their names, shapes and datatypes. Nothing here needs Node: the page runs it too.

import type { ConformalMethod } from '@freetickets/metrics';
import {
  applyTemperatureScaling,
  argmax,
  conformalSets,
  logProbabilities,
  type UncertaintyDecomposition,
  uncertaintyDecomposition,
} from '@freetickets/metrics';
import type { Datatype, Tensor, TensorInfo } from '../tensor.ts';
import { predictorFor, type ServingCalibration } from './calibration.ts';
import { type MemberProbabilities, meanOf } from './member-probabilities.ts';
import { oodScores } from './ood-scores.ts';

/** Levels and thresholds of one request. */
export interface Levels {
  readonly alpha: number;
  readonly method: ConformalMethod;
  /** Above it an input counts as foreign; undefined where none was fitted or given. */
  readonly oodThreshold: number | undefined;
}

/** Everything that a measure may look at. */
interface View {
  readonly members: MemberProbabilities;
  readonly mean: Float32Array;
  readonly decomposition: UncertaintyDecomposition;
  readonly oodScore: Float64Array;
  readonly calibration: ServingCalibration | undefined;
  readonly levels: Levels;
}

interface Measure {
  readonly datatype: Datatype;
  /** Numbers for each sample: one, or one for each class. */
  readonly width: 'one' | 'classes';
  readonly needs: 'nothing' | 'calibration' | 'ood-threshold';
  readonly of: (view: View) => Float32Array | Uint8Array;
}

const number = (of: (view: View) => Iterable<number>): Measure => ({
  datatype: 'FP32',
  width: 'one',
  needs: 'nothing',
  of: (view) => Float32Array.from(of(view)),
});

const MEASURES = {
  /** Entropy of the mean prediction, in nats: all uncertainty there is. */
  predictive_entropy: number(({ decomposition }) => decomposition.total),
  /** Mean of the members' entropies: what each of them is unsure of. */
  aleatoric_entropy: number(({ decomposition }) => decomposition.aleatoric),
  /** Their difference, the epistemic part: what the members disagree about. */
  mutual_information: number(({ decomposition }) => decomposition.epistemic),
  /** Of the members' probabilities for each class. */
  class_variance: { datatype: 'FP32', width: 'classes', needs: 'nothing', of: classVariance },
  /** Share of pairs of members that name different classes; 0 for a single member. */
  disagreement: number(disagreement),
  ood_score: number(({ oodScore }) => oodScore),
  ood: { datatype: 'BOOL', width: 'one', needs: 'ood-threshold', of: isForeign },
  calibrated_probabilities: { datatype: 'FP32', width: 'classes', needs: 'calibration', of: calibrated },
  conformal_set: { datatype: 'BOOL', width: 'classes', needs: 'calibration', of: (view) => setsOf(view).inside },
  /** Foreign, or the set holds no class or several: nobody should act on this answer alone. */
  abstain: { datatype: 'BOOL', width: 'one', needs: 'calibration', of: abstains },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

/** In the order of answers. */
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[];

const measureOf = (name: MeasureName): Measure => MEASURES[name];

/** What a measure needs that this calibration and these levels do not give; undefined when all is there. */
export function missingFor(name: MeasureName, calibration: ServingCalibration | undefined, oodThreshold: number | undefined) {
  const { needs } = measureOf(name);
  if (needs === 'calibration' && !calibration) return 'a calibration in the model file (freetickets export --calibrate)';
  if (needs === 'ood-threshold' && oodThreshold === undefined) return 'the parameter ood_threshold, or a calibration in the model file';
  return undefined;
}

/** As a model declares it. */
export function infoOf(name: MeasureName, classes: number): TensorInfo {
  const { datatype, width } = measureOf(name);
  return { name, datatype, shape: [-1, width === 'one' ? 1 : classes], onRequest: true };
}

/**
 * @param names all of them computable, see `missingFor`
 * @returns a tensor (samples, 1) or (samples, classes) for each name
 * @throws SparseError INVALID_ARGUMENT for an alpha below those that were calibrated
 */
export function measure(
  names: readonly MeasureName[],
  members: MemberProbabilities,
  calibration: ServingCalibration | undefined,
  levels: Levels,
): Record<string, Tensor> {
  const mean = meanOf(members);
  const view: View = {
    members,
    mean,
    decomposition: uncertaintyDecomposition(members.values, members.members, members.classes),
    oodScore: oodScores(calibration?.ood.score ?? 'entropy', members, mean),
    calibration,
    levels,
  };
  return Object.fromEntries(
    names.map((name) => {
      const { datatype, width, of } = measureOf(name);
      return [name, { datatype, shape: [members.size, width === 'one' ? 1 : members.classes], data: of(view) }];
    }),
  );
}

function classVariance({ members: { values, members, size, classes }, mean }: View): Float32Array {
  return Float32Array.from(mean, (average, k) => {
    let sum = 0;
    for (let m = 0; m < members; m++) sum += (values[m * size * classes + k]! - average) ** 2;
    return sum / members;
  });
}

function disagreement({ members: { values, members, size, classes } }: View): number[] {
  return Array.from({ length: size }, (_, n) => {
    const votes = new Array<number>(classes).fill(0);
    for (let m = 0; m < members; m++) votes[argmax(values, (m * size + n) * classes, classes)]!++;
    const agreeing = votes.reduce((sum, count) => sum + count * (count - 1), 0);
    return members === 1 ? 0 : 1 - agreeing / (members * (members - 1));
  });
}

function isForeign({ oodScore, levels }: View): Uint8Array {
  return Uint8Array.from(oodScore, (score) => (score > levels.oodThreshold! ? 1 : 0));
}

function calibrated({ members: { values, members, size, classes }, mean, calibration }: View): Float32Array {
  const { order, temperatures } = calibration!.temperature;
  // The mean is an ensemble of one, so that what is scaled is the very mean that is answered.
  const logits =
    order === 'pool-first'
      ? [logProbabilities(mean)]
      : Array.from({ length: members }, (_, m) => logProbabilities(values.subarray(m * size * classes, (m + 1) * size * classes)));
  return Float32Array.from(applyTemperatureScaling({ order, temperatures: temperatures.slice(0, logits.length) }, logits, classes));
}

function setsOf({ mean, members: { classes }, calibration, levels }: View) {
  return conformalSets(predictorFor(calibration!.conformal, levels.method, levels.alpha), mean, classes);
}

function abstains(view: View): Uint8Array {
  const foreign = isForeign(view);
  return Uint8Array.from(setsOf(view).sizes, (size, n) => (size === 1 ? foreign[n]! : 1));
}
