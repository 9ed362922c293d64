/** What a rewiring is told: everything but the model. */
import type { ParamName } from '@freetickets/sparse-core';
import type { Profile } from './profile.ts';
import type { Rewiring } from './rewiring.ts';
import type { RuleSignal, RuleSignals } from './rules/rule.ts';
import type { Structure } from './structure.ts';

/** Reads the named signals of a layer. */
export type ReadSignals = (param: ParamName, which: readonly RuleSignal[]) => Promise<RuleSignals>;

/** Where the random draws of the rules come from: a stream per (`stream`, parameter, step) of the seed. `stream` is `grow` by default. */
export interface Moment {
  readonly seed: number;
  readonly step: number;
  readonly stream?: string;
}

export interface RewireOrder {
  readonly rewiring: Rewiring;
  readonly fraction: number;
  readonly cause: 'interval' | 'escape';
  readonly moment: Moment;
  readonly profile: Profile;
  readonly structure?: Structure | undefined;
  /** Live counts that layers under a structure are meant to have; rounding after an ablation would else add up. Default: those they have. */
  readonly budgets?: ReadonlyMap<ParamName, number> | undefined;
}
