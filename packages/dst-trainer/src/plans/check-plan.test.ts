import { describe, expect, it } from 'vitest';
import { REF } from '../profile.ts';
import { byMomentum } from '../redistribution/by-momentum.ts';
import { magnitude } from '../rules/magnitude.ts';
import { momentumPerNeuron } from '../rules/momentum-per-neuron.ts';
import { random } from '../rules/random.ts';
import { taylor } from '../rules/taylor.ts';
import { checkPlan } from './check-plan.ts';
import { type EdstOptions, edst } from './edst.ts';

const planOf = (over: Partial<EdstOptions>) => edst({ tickets: 2, sparsity: 0.5, exploreEpochs: 2, refineEpochs: 2, ...over });
const fanIn = { kind: 'fan-in' } as const;
const half = { kind: 'n-of-m', live: 1, of: 2 } as const;

describe('what does not go together is refused by both names', () => {
  it.each<[Partial<EdstOptions>, string]>([
    [
      { structure: fanIn, rewiring: { redistribute: byMomentum() } },
      'plan.phases[0].rewiring.redistribute: expected none beside the structure fan-in, received "momentum". Both would decide how many',
    ],
    [
      { structure: half, rewiring: { grow: momentumPerNeuron() } },
      'plan.phases[0].rewiring.grow: expected a rule that leaves the parts of the units to the structure 1:2, received "momentum-per-neuron"',
    ],
    [{ structure: half, sparsity: 0.9 }, 'plan.sparsity: expected 0.5, that of the structure 1:2, received 0.9'],
    [{ structure: half, ratios: 'grasp' }, 'plan.ratios: expected none beside the structure 1:2'],
    [{ structure: fanIn, profile: REF }, 'plan.profile: expected exact counts, as the structure fan-in needs them, received "ref"'],
    [{ structure: { kind: 'fan-in', ablate: -1 } }, 'plan.structure.ablate'],
    [
      { profile: REF, rewiring: { grow: random(), redistribute: byMomentum() } },
      'plan.phases[0].rewiring.redistribute: expected none beside random growth in the profile ref, which grows by coin, received "momentum"',
    ],
    [
      { profile: REF, rewiring: { drop: taylor() } },
      'plan.phases[0].rewiring.drop: expected a rule that reads no gradient in the profile ref, which drops in dense layers too, received "taylor"',
    ],
    [
      { deathRate: 'cosine', rewiring: { fraction: { kind: 'linear', from: 0.5, to: 0, over: 3 } } },
      'edst: rewiring.fraction: expected a number beside deathRate',
    ],
  ])('%#', (over, message) => {
    expect(() => planOf(over)).toThrow(message);
  });

  it('rewiring and pruning in one phase', () => {
    const plan = planOf({});
    const pruning = { drop: magnitude(), every: 1, sparsity: { kind: 'cubic', from: 0, to: 0.5, over: 1 } } as const;
    expect(() => checkPlan({ ...plan, phases: [{ ...plan.phases[0]!, pruning }] })).toThrow(
      'plan.phases[0].rewiring: expected frozen where a phase prunes, received "rules". Pruned weights do not come back',
    );
    const frozen = { ...plan.phases[0]!, rewiring: 'frozen' } as const;
    const to = (target: number) => ({ ...frozen, pruning: { ...pruning, sparsity: { ...pruning.sparsity, to: target } } });
    expect(() => checkPlan({ ...plan, phases: [to(0.4)] })).toThrow(
      "expected a schedule that ends at the plan's sparsity, 0.5, received 0.4",
    );
    expect(() => checkPlan({ ...plan, phases: [to(0.5)] })).not.toThrow();
  });
});
