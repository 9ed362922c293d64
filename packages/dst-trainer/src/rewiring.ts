/** When and how a phase changes its topology: two rules, an interval and a share, as data. */
import type { Schedule } from '@freetickets/sparse-core';
import { gradient } from './rules/gradient.ts';
import { magnitude } from './rules/magnitude.ts';
import { random } from './rules/random.ts';
import type { DropRule, GrowRule } from './rules/rule.ts';

export interface Rewiring {
  readonly drop: DropRule;
  readonly grow: GrowRule;
  /** Steps from one rewiring to the next: it happens where the step, counted from 1 over the whole plan, is a multiple. */
  readonly every: number;
  /** Share of each layer's live weights that goes, in [0, 1], over the epochs since the phase began; rounded up to whole weights. */
  readonly fraction: Schedule;
  /** Last step of the plan at which it may happen. Default: no end. */
  readonly until?: number;
  /** `instead-of-update`: the optimiser skips that step, as in RigL. FreeTickets takes it, then rewires with its gradient. */
  readonly on: 'after-update' | 'instead-of-update';
}

/** Drop the smallest, grow at random. */
export const set = (over: Partial<Rewiring> = {}): Rewiring => ({ ...rigl(), grow: random(), ...over });

/**
 * Drop the smallest, grow where the gradient is largest. Every 1000 steps half of the live weights go, after the optimiser step.
 * @source method RigL (arXiv:1911.11134), interval, share and order of FreeTickets (arXiv:2106.14568)
 */
export const rigl = (over: Partial<Rewiring> = {}): Rewiring => ({
  drop: magnitude(),
  grow: gradient(),
  every: 1000,
  fraction: 0.5,
  on: 'after-update',
  ...over,
});
