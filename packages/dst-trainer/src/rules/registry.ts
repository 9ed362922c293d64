/** Every rule by the name that experiments use. A new rule is a file beside this one and a line here. */
import { byMagnitude } from '../redistribution/by-magnitude.ts';
import { byMomentum } from '../redistribution/by-momentum.ts';
import { byNonzeros } from '../redistribution/by-nonzeros.ts';
import { globalMagnitude } from './global-magnitude.ts';
import { gradient } from './gradient.ts';
import { magnitude } from './magnitude.ts';
import { mix } from './mix.ts';
import { momentum } from './momentum.ts';
import { momentumPerNeuron } from './momentum-per-neuron.ts';
import { random } from './random.ts';
import { randomUnfired } from './random-unfired.ts';
import type { DropRule, GrowRule, RedistributionRule } from './rule.ts';
import { signAware } from './sign-aware.ts';
import { taylor } from './taylor.ts';
import { threshold } from './threshold.ts';

/** What some rules take from an experiment. */
export interface RuleOptions {
  /** Of `threshold`, above 0. Default 1e-3. */
  readonly threshold?: number;
  /** Of `mix`: the share that comes by gradient. Default 0.5. */
  readonly byGradient?: number;
}

export const DROP_RULES = {
  magnitude,
  'sign-aware': signAware,
  threshold: (options: RuleOptions = {}) => threshold(options.threshold ?? 1e-3),
  taylor,
  'global-magnitude': globalMagnitude,
} as const satisfies Record<string, (options?: RuleOptions) => DropRule>;

export const GROW_RULES = {
  gradient,
  random,
  momentum,
  'momentum-per-neuron': momentumPerNeuron,
  mix,
  'random-unfired': randomUnfired,
} as const satisfies Record<string, (options?: RuleOptions) => GrowRule>;

export const REDISTRIBUTIONS = {
  none: () => undefined,
  momentum: byMomentum,
  magnitude: byMagnitude,
  nonzeros: byNonzeros,
} as const satisfies Record<string, () => RedistributionRule | undefined>;
