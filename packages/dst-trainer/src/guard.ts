/**
 * What a run does about steps that can teach nothing: a loss or gradient that is no finite number, a gradient that is too long, a layer in which
 * nothing lives. The default is to stop; a run that goes on by itself does so the same way each time.
 */
import { type ParamName, SparseError, type StepResult } from '@freetickets/sparse-core';

export const GUARD_ACTIONS = ['stop', 'skip', 'roll-back'] as const;

/**
 * `skip`: the step changes nothing, rewirings included, and the next batch is taken; dead layers are told and left. `roll-back`: the run goes back to
 * the last checkpoint of this call and on from there with half the learning rate; dead layers, which would die again, stop it.
 */
export interface Guard {
  readonly action: (typeof GUARD_ACTIONS)[number];
  /** Largest 2-norm of all gradients together, before any clipping. Default: any finite one. */
  readonly maxGradientNorm?: number | undefined;
}

/** Faults so far, which a checkpoint keeps. */
export interface FaultCount {
  /** Steps left out, one after the other, up to now. */
  readonly skipped: number;
  /** Times that the run went back; each halves the learning rate. */
  readonly rolledBack: number;
}

export const NO_FAULTS: FaultCount = { skipped: 0, rolledBack: 0 };

/** More than these one after the other, or in all, are no accident any more. */
export const MOST_SKIPPED = 10;
export const MOST_ROLLED_BACK = 5;

/** A step that the engine refused to take. */
export interface StepFault {
  readonly cause: 'loss' | 'gradient';
  readonly value: number;
}

export const faultOf = ({ refused, loss, norm }: StepResult): StepFault | undefined => {
  if (refused !== undefined) return { cause: refused, value: refused === 'loss' ? loss : norm! };
  return Number.isFinite(loss) ? undefined : { cause: 'loss', value: loss };
};

/** @param at phase and step */
export function faultError(
  { cause, value }: StepFault,
  at: string,
  learningRate: number,
  { maxGradientNorm }: Partial<Guard>,
): SparseError {
  const what = cause === 'loss' ? 'loss' : 'norm of the gradient';
  const expected = cause === 'gradient' && maxGradientNorm !== undefined ? `a number up to ${maxGradientNorm}` : 'a finite number';
  const hint = `The learning rate was ${learningRate}; lower it and start again, or resume from an earlier checkpoint`;
  return new SparseError('NON_FINITE', `${at}: ${what}`, expected, value, hint);
}

/** Sparse weights of which none lives: their layer says the same of every picture, and most rules cannot bring it back. */
export const deadIn = (topology: ReadonlyMap<ParamName, { readonly live: { readonly length: number } }>): ParamName[] =>
  [...topology].flatMap(([param, { live }]) => (live.length === 0 ? [param] : []));

export const deadError = (param: ParamName, at: string): SparseError =>
  new SparseError(
    'DEAD_LAYER',
    `${at}: ${param}`,
    'at least one live weight',
    0,
    'Lower the sparsity, or spread it otherwise over the layers',
  );
