import type { Averaging } from './plans/plan.ts';

/** The share of a phase after which averaging begins by default: at once, or where arXiv:1803.05407 has it. */
const FROM = { ema: 0, swa: 0.75 } as const;

/**
 * Whether the state after a step is a sample of the average: at the end of every epoch and, for an EMA, often enough besides. An EMA forgets over
 * 1 / (1 - decay) steps; a hundredth of that between two samples changes the mean by less than the noise of one step.
 * @param step of the phase, counted from 1
 */
export function isSample(averaging: Averaging, step: number, phase: { readonly epochs: number; readonly stepsPerEpoch: number }): boolean {
  const { epochs, stepsPerEpoch } = phase;
  if (step <= (averaging.from ?? FROM[averaging.kind]) * epochs * stepsPerEpoch) return false;
  return step % stepsPerEpoch === 0 || (averaging.kind === 'ema' && step % samplingInterval(averaging.decay) === 0);
}

/** Steps between two samples of an EMA: 1 up to a decay of 0.99, 10 at 0.999. */
export const samplingInterval = (decay: number): number => Math.max(1, Math.round(0.01 / (1 - decay)));
