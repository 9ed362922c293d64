import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';

describe('choices that make no sense together are refused, and both are named', () => {
  it.each<[Flags, string]>([
    [
      { erkPower: '2', distribution: 'uniform' },
      '--erk-power: expected no value, because only the distribution erk would read it, received 2',
    ],
    [{ classifierDensity: '0.5' }, '--classifier-density: expected no value, because only the distribution erk-plus would read it'],
    [{ ablation: '0.5', structure: 'fan-in' }, '--ablation: expected no value, because only the structure srigl would read it'],
    [{ dropThreshold: '0.1' }, '--drop-threshold: expected no value, because only the drop rule threshold would read it'],
    [{ growthMix: '0.1' }, '--growth-mix: expected no value, because only the growth rule mix would read it'],
    [{ pruneEpochs: '3' }, '--prune-epochs: expected no value, because only the method gmp would read it'],
    [{ deathRate: 'linear', method: 'static' }, '--death-rate: expected no value, because only the methods edst and dst would read it'],
    [
      { redistribution: 'momentum', method: 'static' },
      '--redistribution: expected none, because the method static grows nothing, received "momentum"',
    ],
    [{ fineTuneRate: '0.01' }, '--fine-tune-rate: expected no value, because only the method pf would read it, received 0.01'],
    [{ fineTuneEpochs: '3', method: 'ltr' }, '--fine-tune-epochs: expected no value, because only the method pf would read it'],
    [{ roundShare: '0.2', method: 'pf' }, '--round-share: expected no value, because only the method ltr would read it'],
    [{ rewindEpoch: '0' }, '--rewind-epoch: expected no value, because only the method ltr would read it'],
    [{ cycleEpochs: '2', method: 'snapshot' }, '--cycle-epochs: expected no value, because only the method fge would read it'],
    [{ cycleEpochs: '3', method: 'fge' }, '--cycle-epochs: expected an even number of at least 2, received 3'],
    [{ roundShare: '0.001', method: 'ltr' }, '--round-share: expected a number from 0.01 to 1, received 0.001'],
    [{ method: 'ltr', rewindEpoch: '26' }, '--rewind-epoch: expected at most 25, the epochs of a run (explore and refine), received 26'],
    [
      { method: 'snapshot', tickets: '30' },
      '--tickets: expected at most 25, because each cycle of the method snapshot takes an epoch of a run, received 30',
    ],
    [{ method: 'fge', structure: 'fan-in' }, '--structure: expected no value, because the method fge has no dead weight'],
    [{ method: 'pf', structure: 'fan-in' }, '--structure: expected no value, because the method pf starts dense and prunes'],
    [{ method: 'ltr', drop: 'taylor' }, '--drop: expected a rule that reads no gradient, because the method ltr prunes between two steps'],
    [{ method: 'one-shot', drop: 'threshold' }, '--drop: expected another rule, because the method one-shot sets how many weights go'],
    [{ from: 'ticket', structure: 'fan-in' }, '--structure: expected no value, because the ticket to start from has its live weights'],
    [{ from: 'ticket', distribution: 'snip' }, '--distribution: expected one that needs no measuring, because the ticket'],
    [{ structure: 'fan-in', method: 'dense' }, '--structure: expected no value, because the method dense has no dead weight'],
    [{ structure: 'fan-in', method: 'gmp' }, '--structure: expected no value, because the method gmp starts dense and prunes'],
    [{ profile: 'ref', method: 'gmp' }, '--profile: expected clean, because the method gmp starts dense and prunes, received "ref"'],
    [{ distribution: 'snip', method: 'gmp' }, '--distribution: expected one that needs no measuring, because the method gmp'],
    [{ drop: 'threshold', method: 'gmp' }, '--drop: expected another rule, because the method gmp sets how many weights go'],
    [
      { pruneEpochs: '8', method: 'gmp', exploreEpochs: '3', refineEpochs: '2.5' },
      '--prune-epochs: expected at most 6, the epochs of a run (explore and refine), received 8',
    ],
    [
      { structure: 'fan-in', redistribution: 'nonzeros' },
      '--redistribution: expected none, because the structure fan-in sets how many weights live where, received "nonzeros"',
    ],
    [{ structure: 'srigl', growth: 'momentum-per-neuron' }, '--growth: expected another rule, because the structure srigl'],
    [{ structure: 'fan-in', profile: 'ref' }, '--profile: expected clean, because the structure fan-in'],
    [{ structure: '2:4' }, '--sparsity: expected 0.5, that of the structure 2:4, received 0.9'],
    [{ structure: '4:4', sparsity: '0' }, '--structure: expected fewer live weights than there are in a run, as in 2:4, received "4:4"'],
    [{ structure: '1:4', sparsity: '0.75', distribution: 'grasp' }, '--distribution: expected one that needs no measuring'],
    [
      { profile: 'ref', growth: 'random', redistribution: 'momentum' },
      '--redistribution: expected none, because random growth in the profile ref is by coin, received "momentum"',
    ],
    [{ profile: 'ref', drop: 'taylor' }, '--drop: expected a rule that reads no gradient, because the profile ref'],
    [{ structure: '2-4' }, '--structure: expected fan-in, srigl or N:M such as 2:4, received "2-4"'],
    [{ drop: 'magnitud' }, 'received "magnitud". Did you mean magnitude?'],
  ])('%j', (flags, message) => {
    expect(() => resolveExperiment(flags)).toThrow(message);
  });

  it('is told by the key of a file where it stands in one', () => {
    const file = { path: 'exp.json', values: { growthMix: 0.5 } };
    expect(() => resolveExperiment({}, file)).toThrow('exp.json: growthMix: expected no value, because only the growth rule mix');
    expect(() => resolveExperiment({ growth: 'mix' }, file)).not.toThrow();
  });
});
