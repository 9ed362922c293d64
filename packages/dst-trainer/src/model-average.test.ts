import type { ModelState, TopologyDelta } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { smallNet } from '../test/small-run.ts';
import { isSample, samplingInterval } from './average-samples.ts';
import { averaged, type ModelAverage, withoutDropped } from './model-average.ts';
import type { Averaging } from './plans/plan.ts';

const PARAM = 'fc1.weight';

/** A model of one sparse weight, after so many steps: values by position. */
const model = (step: number, weights: Readonly<Record<number, number>>): ModelState => ({
  spec: smallNet.spec,
  topology: new Map([[PARAM, { shape: [8, 6], live: Uint32Array.from(Object.keys(weights).map(Number)) }]]),
  values: new Map([[PARAM, Float32Array.from(Object.values(weights))]]),
  momentum: new Map(),
  step,
});

const swa: Averaging = { kind: 'swa' };
const ema: Averaging = { kind: 'ema', decay: 0.9 };

const over = (samples: readonly ModelState[], averaging: Averaging) =>
  samples.reduce<ModelAverage | undefined>((mean, sample) => averaged(mean, sample, averaging), undefined)!;

const meansOf = ({ state }: ModelAverage) => [...state.values.get(PARAM)!];
const delta = (dropped: number[], grown: number[]): TopologyDelta => ({
  param: PARAM,
  dropped: Uint32Array.from(dropped),
  grown: Uint32Array.from(grown),
});

describe('the average of one weight', () => {
  const samples = [1, 3, 2, 8].map((value, i) => model(i + 1, { 5: value }));

  it('agrees with PyTorch: AveragedModel, plain and with an EMA of 0.9', () => {
    const after = (count: number, averaging: Averaging) => meansOf(over(samples.slice(0, count), averaging))[0];
    for (const [i, expected] of [1, 2, 2, 3.5].entries()) expect(after(i + 1, swa)).toBeCloseTo(expected, 6);
    for (const [i, expected] of [1, 1.2, 1.28, 1.952].entries()) expect(after(i + 1, ema)).toBeCloseTo(expected, 6);
  });

  it('decays by the steps between two samples', () => {
    // 1 * 0.9^3 + 5 * (1 - 0.9^3)
    expect(meansOf(over([model(4, { 5: 1 }), model(7, { 5: 5 })], ema))[0]).toBeCloseTo(5 - 4 * 0.729, 6);
  });

  it('has the step of its last sample and no momentum', () => {
    const { state, counts } = over(samples, swa);
    expect(state).toMatchObject({ step: 4 });
    expect(state).not.toHaveProperty('momentum');
    expect([...counts.get(PARAM)!]).toEqual([4]);
  });
});

describe('the average over a changing topology', () => {
  it('counts a grown weight from when it lives and leaves out a dropped one', () => {
    const first = over([model(1, { 2: 4, 9: 10 }), model(2, { 2: 6, 9: 20 })], swa);
    const mean = averaged(withoutDropped(first, [delta([2], [5])]), model(3, { 5: 7, 9: 30 }), swa);
    expect([...mean.state.topology.get(PARAM)!.live]).toEqual([5, 9]);
    expect(meansOf(mean)).toEqual([7, 20]); // 9: (10 + 20 + 30) / 3
    expect([...mean.counts.get(PARAM)!]).toEqual([1, 3]);
    expect(meansOf(averaged(mean, model(4, { 5: 1, 9: 30 }), swa))).toEqual([4, 22.5]);
  });

  it('begins anew with a weight that died and came back between two samples', () => {
    for (const averaging of [swa, ema]) {
      const first = over([model(1, { 2: 4, 9: 10 })], averaging);
      const back = withoutDropped(withoutDropped(first, [delta([2], [3])]), [delta([3], [2])]);
      expect(meansOf(averaged(back, model(2, { 2: 100, 9: 10 }), averaging))).toEqual([100, 10]);
    }
  });

  it('leaves what it was given as it is', () => {
    const first = over([model(1, { 2: 4 })], swa);
    withoutDropped(first, [delta([2], [3])]);
    averaged(first, model(2, { 2: 8 }), swa);
    expect([meansOf(first), ...first.counts.get(PARAM)!]).toEqual([[4], 1]);
  });
});

describe('samples', () => {
  const stepsOf = (averaging: Averaging, epochs: number, stepsPerEpoch: number) =>
    Array.from({ length: epochs * stepsPerEpoch }, (_, i) => i + 1).filter((step) => isSample(averaging, step, { epochs, stepsPerEpoch }));

  it.each<[Averaging, number[]]>([
    [{ kind: 'swa', from: 0 }, [7, 14, 21, 28]],
    [{ kind: 'swa' }, [28]], // after 3 of 4 epochs
    [{ kind: 'swa', from: 0.5 }, [21, 28]],
    [{ kind: 'ema', decay: 0.998 }, [5, 7, 10, 14, 15, 20, 21, 25, 28]],
    [{ kind: 'ema', decay: 0.998, from: 0.5 }, [15, 20, 21, 25, 28]],
  ])('of %j in 4 epochs of 7 steps', (averaging, expected) => expect(stepsOf(averaging, 4, 7)).toEqual(expected));

  it('lie at most a hundredth of the memory apart', () => {
    expect([0.5, 0.9, 0.99, 0.999, 0.9999].map(samplingInterval)).toEqual([1, 1, 1, 10, 100]);
  });
});
