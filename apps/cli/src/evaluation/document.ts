/**
 * What `evaluate` finds, as one JSON document: printed with `--json`, kept as `results.json` beside the run, read by whoever compares runs.
 * The schema is the truth and the types come from it. null stands where a figure does not exist, such as Q when no member is ever wrong.
 */
import { SparseError } from '@freetickets/sparse-core';
import { z } from 'zod';

export const SPLITS = ['test', 'valid', 'train'] as const;
export type Split = (typeof SPLITS)[number];

export const MEASURES = [
  'accuracy',
  'top5',
  'nll',
  'brier',
  'ece',
  'aurc',
  'eceEqualMass',
  'eceClasswise',
  'eceDebiased',
  'eceFreetickets',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Of every bootstrap interval. */
export const LEVEL = 0.95;

const figure = z.number().nullable();
const count = z.int().min(0);
const ends = z.strictObject({ low: figure, high: figure });

const SCORES = z.strictObject({
  accuracy: z.number(),
  top5: z.number().optional().describe('of more than five classes'),
  nll: z.number().describe('nats'),
  brier: z.number(),
  ece: z.number().describe('15 bins of equal width'),
  aurc: z.number().describe('area under the risk-coverage curve'),
  eceEqualMass: z.number(),
  eceClasswise: z.number(),
  eceDebiased: z.number(),
  eceFreetickets: z.number().describe('14 bins, as the published code has it'),
  intervals: z.partialRecord(z.enum(MEASURES), ends).optional().describe('by bootstrap'),
});
export type Scores = z.output<typeof SCORES>;

const CELL_MEASURES = ['accuracy', 'nll', 'brier', 'ece', 'eceFreetickets'] as const satisfies readonly Measure[];
const DETECTION_MEASURES = ['auroc', 'auprOut', 'auprIn', 'fpr95Out', 'fpr95In'] as const;
const SET_MEASURES = ['coverage', 'meanSize', 'emptyShare'] as const;
const PAIR_MEASURES = ['disagreement', 'kl', 'js', 'qStatistic', 'kappa'] as const;

/** Bootstrap intervals of the figures that stand beside them. */
const intervalsOf = <Name extends string>(names: readonly Name[]) => z.partialRecord(z.enum(names), ends).optional();

const pairs = z.array(z.array(figure)).describe('member by member');

const DIVERSITY = z.strictObject({
  disagreement: figure.describe('mean over pairs of members; null of a single member, as all here'),
  kl: figure.describe('nats'),
  js: figure.optional(),
  qStatistic: figure.optional(),
  kappa: figure.optional(),
  topologyOverlap: figure.optional().describe('intersection over union of live positions; null of dense members'),
  weightCosine: figure.optional(),
  pairs: z
    .strictObject({
      disagreement: pairs,
      kl: pairs.describe('row i, column j: KL(p_j || p_i)'),
      js: pairs,
      qStatistic: pairs,
      kappa: pairs,
      topologyOverlap: pairs,
      weightCosine: pairs,
    })
    .optional(),
  exploration: z.array(z.number()).optional().describe('R_s at the end of each training, where weights were rewired'),
  explorationOverTime: z
    .array(z.array(z.strictObject({ step: count, rate: z.number() })))
    .optional()
    .describe('R_s after each rewiring of each training'),
  intervals: intervalsOf(PAIR_MEASURES).describe('over pictures; topologies and weights have none'),
});
export type Diversity = z.output<typeof DIVERSITY>;

const histogram = z.array(count).describe('pictures by the largest probability of the ensemble, in 20 bins of equal width');

const CURVES = z.strictObject({
  reliability: z
    .array(z.strictObject({ low: z.number(), high: z.number(), count, confidence: z.number(), accuracy: z.number() }))
    .describe('15 bins of equal width by the largest probability, those that hold a picture'),
  riskCoverage: z
    .array(z.strictObject({ coverage: z.number(), risk: z.number() }))
    .describe('share of wrong answers among the surest share of the pictures'),
  confidence: z.strictObject({ right: histogram, wrong: histogram }),
});
export type Curves = z.output<typeof CURVES>;

const HELD_OUT = z.strictObject({
  split: z.enum(SPLITS),
  fraction: z.number().nullable().describe('of the split that was fitted on; null: all of it'),
  fitted: count.describe('pictures fitted on'),
  reported: count.describe('other pictures, which the figures are about'),
});
export type HeldOut = z.output<typeof HELD_OUT>;

const scaled = z.strictObject({ temperatures: z.array(z.number()), scores: SCORES });

const CALIBRATION = z.strictObject({
  heldOut: HELD_OUT,
  uncalibrated: SCORES,
  membersFirst: scaled.describe('a temperature for each member, then the mean'),
  poolFirst: scaled.describe('the mean, then one temperature'),
  members: z.array(SCORES).describe('each alone, at its temperature of membersFirst'),
});
export type Calibration = z.output<typeof CALIBRATION>;

const sets = z.strictObject({
  threshold: z.number().nullable().describe('null: no threshold, every class is in every set'),
  coverage: z.number(),
  meanSize: z.number(),
  emptyShare: z.number(),
  intervals: intervalsOf(SET_MEASURES),
});

const CONFORMAL = z.strictObject({
  heldOut: HELD_OUT,
  level: z.number().describe('coverage asked for'),
  seed: count,
  thr: sets,
  aps: sets,
  raps: sets,
});
export type Conformal = z.output<typeof CONFORMAL>;

const cellScores = z.strictObject({
  accuracy: z.number(),
  nll: z.number(),
  brier: z.number(),
  ece: z.number(),
  eceFreetickets: z.number(),
  intervals: intervalsOf(CELL_MEASURES).describe('over pictures, each with all its corrupted versions'),
});
export type CellScores = z.output<typeof cellScores>;

const sums = z.strictObject({ cells: count, pooled: cellScores, cellMean: cellScores });
const summary = z.strictObject({ all: sums, of15: sums.optional(), of19: sums.optional() });
export type CorruptionFigures = z.output<typeof summary>;

const CORRUPTIONS = z.strictObject({
  from: z.enum(['generated', 'files']),
  seed: count.nullable().describe('of what was generated'),
  samples: count.describe('in each cell'),
  ensemble: summary,
  members: z.array(summary),
  cells: z.array(cellScores.extend({ corruption: z.string(), severity: z.int().min(1).max(5) })).describe('of the ensemble'),
});
export type Corruptions = z.output<typeof CORRUPTIONS>;

const DETECTION = z.strictObject({
  auroc: z.number(),
  auprOut: z.number(),
  auprIn: z.number(),
  fpr95Out: z.number(),
  fpr95In: z.number(),
  intervals: intervalsOf(DETECTION_MEASURES),
});
export type DetectionFigures = z.output<typeof DETECTION>;

export const OOD_SCORES = [
  'maxProbability',
  'entropy',
  'energy',
  'maxLogit',
  'mutualInformation',
  'variationRatio',
  'nearestNeighbour',
] as const;
export type OodScore = (typeof OOD_SCORES)[number];

const OOD_HISTOGRAM = z.strictObject({ inside: histogram, outside: histogram });
export type OodHistogram = z.output<typeof OOD_HISTOGRAM>;

const OOD = z.strictObject({
  name: z.string(),
  samples: count,
  ensemble: z.partialRecord(z.enum(OOD_SCORES), DETECTION),
  neighbours: z
    .strictObject({ k: count, bank: count, seed: count })
    .optional()
    .describe('nearestNeighbour: which neighbour, among how many training pictures, drawn by which seed'),
  members: z.array(DETECTION).describe('by 1 - max probability'),
  histogram: OOD_HISTOGRAM.optional(),
});
export type Ood = z.output<typeof OOD>;

const attacked = z.strictObject({ ensemble: SCORES, members: z.array(SCORES) });

export const ATTACK_KINDS = ['fgsm', 'pgd'] as const;
export type AttackKind = (typeof ATTACK_KINDS)[number];

const ATTACK = z.strictObject({
  kind: z.enum(ATTACK_KINDS),
  epsilon: z.number().describe('largest change of a pixel, which lie in [0, 1]'),
  steps: count,
  stepSize: z.number(),
  seed: count.describe('of the pictures taken and of where PGD starts'),
  samples: count.describe('pictures attacked'),
  ofEnsemble: attacked.describe('pictures made with the gradient of -ln of the mean probability'),
  ofMembers: z.array(attacked).describe("pictures made with one member's gradient: what all members say of them is the transfer"),
});
export type Attack = z.output<typeof ATTACK>;

const PATH_MEASURES = ['trainLoss', 'loss', 'error'] as const;
const onPath = z.strictObject({
  trainLoss: z.number().describe('cross-entropy in nats on training pictures'),
  loss: z.number().describe('the same on the split'),
  error: z.number().describe('share of the split that is wrong'),
  intervals: intervalsOf(PATH_MEASURES),
});
export type PathFigures = z.output<typeof onPath>;

const INTERPOLATION = z.strictObject({
  trainSamples: count.describe('training pictures, without augmentation: for the statistics of batch norm and trainLoss'),
  seed: count.describe('by which they were drawn'),
  paths: z.array(
    z.strictObject({
      members: z.tuple([count, count]),
      barrier: onPath.describe('how far the path rises above the straight line between its ends, at most'),
      points: z.array(onPath.extend({ share: z.number().describe('of the second member') })),
    }),
  ),
});
export type Interpolation = z.output<typeof INTERPOLATION>;

const TRAJECTORY = z.strictObject({
  pictures: count.describe('whose log-probabilities after each epoch are one point'),
  perplexity: z.number(),
  iterations: count,
  seed: count,
  points: z.array(z.strictObject({ member: count, epoch: count, x: z.number(), y: z.number() })).describe('by t-SNE'),
});
export type Trajectory = z.output<typeof TRAJECTORY>;

export const EVALUATION = z.strictObject({
  format: z.literal('freetickets.evaluation'),
  version: z.literal(1),
  tickets: z.array(z.string()).describe('SHA-256 of the files that were measured'),
  data: z.string().describe('SHA-256 of the data set'),
  split: z.enum(SPLITS),
  samples: count,
  ensemble: SCORES,
  members: z.array(SCORES),
  diversity: DIVERSITY,
  curves: CURVES.optional().describe('of the ensemble'),
  bootstrap: z.strictObject({ resamples: count, level: z.number(), seed: count }).optional(),
  calibration: CALIBRATION.optional(),
  conformal: CONFORMAL.optional(),
  corruptions: CORRUPTIONS.optional(),
  ood: z.array(OOD).optional(),
  attacks: z.array(ATTACK).optional(),
  interpolation: INTERPOLATION.optional(),
  trajectory: TRAJECTORY.optional(),
});
export type Evaluation = z.output<typeof EVALUATION>;

/** The schema of the document, for whoever reads it. */
export const evaluationSchema = (): object => ({ ...z.toJSONSchema(EVALUATION), title: 'FreeTickets evaluation' });

/** @throws SparseError BAD_FILE naming the field of a document from `at` that is not one */
export function parseEvaluation(at: string, value: unknown): Evaluation {
  const parsed = EVALUATION.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { path, message, input } = parsed.error.issues[0]!;
  const place = [at, path.join('.')].filter(Boolean).join(': ');
  const hint = `freetickets evaluate writes it anew (${message})`;
  throw new SparseError('BAD_FILE', place, 'what freetickets evaluate wrote', input, hint);
}

/** A figure as JSON can hold it. */
export const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
