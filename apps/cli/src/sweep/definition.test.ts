import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineSweep, type SweepOptions } from './definition.ts';

const define = (values: Readonly<Record<string, unknown>>, options?: SweepOptions) => defineSweep({ path: 'x.json', values }, options);

describe('defineSweep', () => {
  it('makes an experiment of every combination under every seed', () => {
    const { runs, judging } = define({ method: ['edst', 'dense'], tickets: 2, seed: [3, 4] });
    expect(
      runs.map(({ name, trial, seed, experiment }) => [name, trial, seed, experiment.method, experiment.seed, experiment.tickets]),
    ).toEqual([
      ['method=edst,seed=3', 0, 3, 'edst', 3, 2],
      ['method=edst,seed=4', 0, 4, 'edst', 4, 2],
      ['method=dense,seed=3', 1, 3, 'dense', 3, 2],
      ['method=dense,seed=4', 1, 4, 'dense', 4, 2],
    ]);
    expect(judging).toEqual({ search: 'grid', metric: 'validAccuracy', direction: 'maximize', reduction: 3, rungs: [] });
  });

  it('of a file without lists is that experiment', () => {
    expect(define({ tickets: 2 }).runs).toMatchObject([{ name: 'seed=17', values: {}, experiment: { tickets: 2, seed: 17 } }]);
  });

  it('lets --seeds win over the file, and circumstances reach every run', () => {
    const { runs } = define({ seed: 3, sparsity: [0.8, 0.9] }, { seeds: [5], flags: { threads: '1' } });
    expect(runs.map(({ experiment }) => [experiment.seed, experiment.threads])).toEqual([
      [5, 1],
      [5, 1],
    ]);
  });

  it('crosses cases with lists', () => {
    const cases = [{ method: 'dense' }, { method: 'dst', deathRate: 'linear' }];
    expect(define({ tickets: [1, 2], sweep: { cases } }).runs.map(({ name }) => name)).toEqual([
      'method=dense,tickets=1,seed=17',
      'method=dense,tickets=2,seed=17',
      'method=dst,tickets=1,deathRate=linear,seed=17',
      'method=dst,tickets=2,deathRate=linear,seed=17',
    ]);
  });

  it('reads paths in lists from beside the file', () => {
    const { runs } = defineSweep({ path: 'nets/x.json', values: { network: ['a.json', 'lenet-5'] } });
    expect(runs.map(({ experiment }) => experiment.network)).toEqual([resolve('nets/a.json'), 'lenet-5']);
  });

  it('has rungs at a ninth and a third of the epochs, unless it is told others', () => {
    const values = { method: 'dst', tickets: 1, exploreEpochs: 20, refineEpochs: 7, sparsity: [0.7, 0.8, 0.9] };
    expect(define({ ...values, sweep: { search: 'asha', trials: 3 } }).judging.rungs).toEqual([3, 9]);
    expect(define({ ...values, sweep: { trials: 3, rungs: [5] } }, { search: 'asha' }).judging.rungs).toEqual([5]);
  });

  const range = { kind: 'uniform', from: 0.1, to: 0.2 };
  it.each<[object, SweepOptions | undefined, string]>([
    [{ method: ['edst', 'dens'] }, undefined, 'x.json (method=dens): method: expected one of edst'],
    [{ method: ['edst', 'gmp'], profile: 'ref' }, undefined, 'x.json (method=gmp): profile: expected clean, because the method gmp'],
    [{ method: [] }, undefined, 'x.json: method: expected at least one value'],
    [{ sparsity: [0.9, 0.8, 0.9] }, undefined, 'x.json: sparsity: expected each value once, received 0.9'],
    [{ sparsty: 0.9 }, undefined, 'x.json: sparsty: expected a known key, received "sparsty". Did you mean sparsity?'],
    [{ seed: [1, 1] }, undefined, 'x.json: seed: expected each value once, received 1'],
    [{}, { seeds: [2, 2] }, '--seeds: expected each value once, received 2'],
    [{ seed: ['one'] }, undefined, 'x.json: seed: expected a whole number of at least 0, received "one"'],
    [{ sweep: 'grid' }, undefined, 'x.json: sweep: expected keys among search, trials,'],
    [{ sweep: { serach: 'grid' } }, undefined, 'x.json: sweep: expected keys among search, trials,'],
    [{ sweep: { search: 'bayes' } }, undefined, 'x.json: sweep.search: expected another value, received "bayes"'],
    [{ sweep: { ranges: { learningrate: range } } }, { search: 'random' }, 'Did you mean learningRate?'],
    [{ sweep: { ranges: { seed: range } } }, undefined, 'x.json: sweep.ranges.seed: expected another field'],
    [
      { sweep: { ranges: { momentum: { ...range, to: 1.5 } } } },
      undefined,
      'x.json: sweep.ranges.momentum: expected a number from 0 to below 1, received 1.5',
    ],
    [{ sweep: { ranges: { momentum: { ...range, from: 0.3 } } } }, undefined, 'expected "from" below "to"'],
    [{ sweep: { ranges: { momentum: { kind: 'log-uniform', from: 0, to: 0.5 } } } }, undefined, 'expected "from" above 0'],
    [{ sweep: { ranges: { tickets: { kind: 'integers', from: 1.5, to: 3 } } } }, undefined, 'expected whole numbers'],
    [
      { sweep: { ranges: { momentum: range } } },
      undefined,
      'x.json: sweep.ranges: expected none, because the search grid walks lists only',
    ],
    [{ momentum: 0.9, sweep: { ranges: { momentum: range } } }, undefined, 'x.json: momentum: expected one place that sets it'],
    [{ sweep: { cases: [{ seed: 3 }] } }, undefined, 'x.json: sweep.cases: expected other fields, received "seed"'],
    [{ sweep: { trials: 3 } }, undefined, 'x.json: sweep.trials: expected no number, because the search grid runs every combination'],
    [{ sparsity: [0.8, 0.9] }, { trials: 3 }, '--trials: expected no number, because the search grid runs every combination'],
    [{ sparsity: [0.8, 0.9] }, { search: 'random', trials: 3 }, '--trials: expected at most 2 trials'],
    [{}, { search: 'random' }, 'x.json: expected something to search (random): a list of values, or sweep.ranges, received neither'],
    [
      { sparsity: [0.8, 0.9], sweep: { rungs: [3] } },
      undefined,
      'x.json: sweep.rungs: expected none, because the search grid stops nothing early',
    ],
    [
      { sparsity: [0.8, 0.9] },
      { search: 'asha', trials: 2 },
      'x.json: sweep.reduction: expected at most the number of trials, 2, received 3',
    ],
    [{ sweep: { ranges: { momentum: range }, rungs: [5, 3] } }, { search: 'asha' }, 'x.json: sweep.rungs: expected epochs in rising order'],
    [
      { method: 'dst', tickets: 1, exploreEpochs: 4, refineEpochs: 1, sweep: { ranges: { momentum: range }, rungs: [5] } },
      { search: 'asha' },
      'x.json: sweep.rungs: expected epochs before the end of the shortest run, which has 5',
    ],
  ])('refuses %j with %j', (values, options, sentence) => {
    expect(() => define(values as Record<string, unknown>, options)).toThrow(sentence);
  });
});
