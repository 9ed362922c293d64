/** When and how a phase changes its topology, as data: rewiring, which keeps the number of live weights, and pruning, which lowers it. */
import type { Schedule } from '@freetickets/sparse-core';
import { gradient } from './rules/gradient.ts';
import { magnitude } from './rules/magnitude.ts';
import { random } from './rules/random.ts';
import type { DropRule, GrowRule, RedistributionRule, RuleSignal } from './rules/rule.ts';

export interface Rewiring {
  readonly drop: DropRule;
  readonly grow: GrowRule;
  /** Shares what is grown out over the layers anew. Absent: every layer grows as many as it dropped. */
  readonly redistribute?: RedistributionRule | undefined;
  /** Steps from one rewiring to the next: it happens where the step, counted from 1 over the whole plan, is a multiple. */
  readonly every: number;
  /** Share of each layer's live weights that goes, in [0, 1], over the epochs since the phase began; rounded up to whole weights. */
  readonly fraction: Schedule;
  /** Last step of the plan at which it may happen. Default: no end. */
  readonly until?: number;
  /** `instead-of-update`: the optimiser skips that step, as in RigL. FreeTickets takes it, then rewires with its gradient. */
  readonly on: 'after-update' | 'instead-of-update';
}

/** Weights that go and do not come back, until the sparsity of the plan is reached. */
export interface Pruning {
  /** Over `network`, the whole network is cut to the sparsity; over `layer`, each layer to its count in the plan's distribution. */
  readonly drop: DropRule;
  /** Steps from one pruning to the next, as in `Rewiring`. One more happens at the end of the schedule. */
  readonly every: number;
  /** Sparsity over the epochs since the phase began; it never falls. */
  readonly sparsity: Exclude<Schedule, number | { readonly kind: 'steps' | 'points' }>;
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

/** Signals that the rules read. */
export const needsOf = (rules: { readonly drop: DropRule; readonly grow?: GrowRule }): readonly RuleSignal[] => [
  ...new Set([...rules.drop.needs, ...(rules.grow?.needs ?? [])]),
];

/** Whether any of the signals is made of dense gradients. */
export const readsGradient = (needs: readonly RuleSignal[]): boolean => needs.includes('gradient') || needs.includes('momentum');
