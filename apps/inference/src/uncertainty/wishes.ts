// What a request asks for beyond the model's own outputs: by naming outputs, or by parameters in plain words.
//
//   uncertainty    bool             all measures that this model can give
//   members        bool or whole    what each member says, or the first so many of them
//   alpha          number           level of the conformal set: it may miss the label this often
//   conformal      thr, aps, raps   how the set is made
//   ood_threshold  number           in place of the model's own
//   anytime        bool             members are asked one after the other until the answer stands
//   deadline_us    whole            the same, and none that would come later than so many microseconds after the start

import { SparseError } from '@freetickets/sparse-core';
import type { Parameters } from '../protocol/raw-tensor.ts';
import type { ServingCalibration } from './calibration.ts';
import { checkParameters } from './check-parameters.ts';
import { type Levels, MEASURE_NAMES, type MeasureName, missingFor } from './measures.ts';

/** Of answers when the request names none. */
const DEFAULT_ALPHA = 0.05;

export const MEMBER_OUTPUT = 'member_probabilities';
export const MEMBERS_USED = 'members_used';

export interface Wishes {
  readonly levels: Levels;
  /** In the order of the answer. */
  readonly outputs: readonly string[];
  /** Members that are answered, from the first on. */
  readonly shownMembers: number;
  /** Members are asked one after the other. */
  readonly anytime: boolean;
  /** Milliseconds from the start of the computation. */
  readonly deadlineMs: number | undefined;
}

/** What the model can do. */
export interface Abilities {
  /** Its own outputs, `member_probabilities` among them. */
  readonly own: readonly string[];
  readonly members: number;
  readonly calibration: ServingCalibration | undefined;
  /** Why members cannot be asked one after the other; undefined when they can. */
  readonly noAnytime: string | undefined;
}

/**
 * @param named outputs that the request names; none: those that the parameters ask for
 * @throws SparseError INVALID_ARGUMENT for parameters and outputs that this model does not have
 */
export function wishesOf(parameters: Parameters, named: readonly string[], abilities: Abilities): Wishes {
  checkParameters(parameters);
  const { members, calibration } = abilities;
  const { uncertainty, alpha, conformal, ood_threshold: threshold, deadline_us: deadline } = parameters;
  const levels: Levels = {
    alpha: (alpha as number | undefined) ?? DEFAULT_ALPHA,
    method: (conformal as Levels['method'] | undefined) ?? 'thr',
    oodThreshold: (threshold as number | undefined) ?? calibration?.ood.threshold,
  };
  const anytime = parameters.anytime === true || deadline !== undefined;
  if (anytime && abilities.noAnytime) throw new SparseError('INVALID_ARGUMENT', 'parameters.anytime', abilities.noAnytime, true);
  const can = (name: MeasureName) => missingFor(name, calibration, levels.oodThreshold) === undefined;
  const asked: MeasureName[] = [
    ...(threshold === undefined ? [] : (['ood_score', 'ood'] as const)),
    ...(alpha === undefined && conformal === undefined ? [] : (['conformal_set'] as const)),
    ...(uncertainty ? MEASURE_NAMES.filter(can) : []),
  ];
  const wanted = named.length > 0 ? named : byDefault(abilities, parameters, anytime, asked);
  for (const name of wanted) {
    const missing = isMeasure(name) ? missingFor(name, calibration, levels.oodThreshold) : undefined;
    if (missing) throw new SparseError('INVALID_ARGUMENT', `output ${name}`, missing, new Error('neither'));
  }
  return {
    levels,
    outputs: wanted,
    shownMembers: shown(parameters.members, members),
    anytime,
    deadlineMs: deadline === undefined ? undefined : (deadline as number) / 1000,
  };
}

export const isMeasure = (name: string): name is MeasureName => (MEASURE_NAMES as readonly string[]).includes(name);

/** The model's own outputs, then those asked for. Members that may not be asked are shown only on request. */
function byDefault({ own }: Abilities, { members }: Parameters, anytime: boolean, asked: readonly MeasureName[]): string[] {
  const showsMembers = members === undefined ? !anytime : members !== false;
  const first = own.filter((name) => name !== MEMBER_OUTPUT || showsMembers);
  return [...first, ...MEASURE_NAMES.filter((name) => asked.includes(name)), ...(anytime ? [MEMBERS_USED] : [])];
}

function shown(wish: Parameters[string] | undefined, members: number): number {
  if (typeof wish !== 'number') return members;
  if (wish <= members) return wish;
  throw new SparseError('INVALID_ARGUMENT', 'parameters.members', `at most ${members}, as many as the model has`, wish);
}
