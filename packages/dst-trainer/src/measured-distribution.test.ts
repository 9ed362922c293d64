import { type Batch, initialState, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { blobs } from '../test/blobs.ts';
import { denseEngine } from '../test/dense-engine.ts';
import { collect, lastState, smallNet, smallPlan, smallRun } from '../test/small-run.ts';
import { hessianGradient, measuredDistribution } from './measured-distribution.ts';
import { RATIOS } from './plans/plan.ts';
import { train } from './train.ts';

const softmaxNet = network({
  version: 1,
  name: 'softmax',
  input: { shape: [2] },
  nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2, bias: false }],
  output: 'fc',
});

const batchOf = (size: number): Batch =>
  [...(blobs({ size, features: 6, classes: 3 }).batches({ batchSize: size }) as Iterable<Batch>)][0]!;

describe('the Hessian-gradient product', () => {
  // One image x = (1, 2) of class 0, two classes. With p the softmax of the logits / T: the gradient of row o is (p_o - y_o) x / T. The Hessian in
  // the logits is (diag(p) - p p^T) / T^2, so H g has the rows ((diag(p) - p p^T) v)_o x / T^2, where v_o = g_o . x.
  it.each([1, 200])('agrees with the formula for a softmax, temperature %d', async (temperature) => {
    const state = {
      ...initialState(softmaxNet, new Map(), 1),
      values: new Map([['fc.weight' as const, Float32Array.of(0.3, -0.2, 0.1, 0.4)]]),
    };
    const batch = { size: 1, images: Float32Array.of(1, 2), labels: Int32Array.of(0) };
    const product = await hessianGradient(state, { network: softmaxNet, engine: denseEngine(), seed: 1, batch }, temperature);
    const logits = [0.3 - 0.4, 0.1 + 0.8].map((logit) => Math.exp(logit / temperature));
    const p = logits.map((e) => e / (logits[0]! + logits[1]!)) as [number, number];
    const v = [((p[0] - 1) * 5) / temperature, (p[1] * 5) / temperature] as const; // x . x = 5
    const mean = p[0] * v[0] + p[1] * v[1];
    const rows = [p[0] * (v[0] - mean), p[1] * (v[1] - mean)].map((row) => row / temperature ** 2);
    const expected = [rows[0]! * 1, rows[0]! * 2, rows[1]! * 1, rows[1]! * 2];
    for (const [i, value] of expected.entries())
      expect(Math.abs(product.get('fc.weight')![i]! - value)).toBeLessThan(0.01 * Math.abs(value));
  });
});

describe('measured live counts', () => {
  const measuring = { network: smallNet, engine: denseEngine(), seed: 5, batch: batchOf(9) };

  it.each(RATIOS)('by %s add up, and repeat themselves', async (ratios) => {
    const counts = (await measuredDistribution(ratios, measuring))(smallNet, 0.5);
    expect([...counts.keys()]).toEqual(['fc1.weight', 'fc2.weight']);
    expect([...counts.values()].reduce((a, b) => a + b)).toBe((48 + 64) / 2);
    expect((await measuredDistribution(ratios, measuring))(smallNet, 0.5)).toEqual(counts);
  });

  it('by SNIP are those of a sort of |w * gradient| over both layers', async () => {
    const state = initialState(smallNet, new Map(), 5);
    const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
    await using session = await denseEngine().open(smallNet, state, { batchSize: 9, optimizer });
    await session.trainStep(measuring.batch, { learningRate: 0, update: false });
    const scored: [string, number][] = [];
    for (const param of ['fc1.weight', 'fc2.weight'] as const) {
      const slopes = await session.gradient(param);
      state.values.get(param)!.forEach((weight, i) => {
        scored.push([param, Math.abs(weight * slopes[i]!)]);
      });
    }
    const kept = scored.sort((a, b) => b[1] - a[1]).slice(0, 56);
    const counts = (await measuredDistribution('snip', measuring))(smallNet, 0.5);
    expect(counts.get('fc1.weight')).toBe(kept.filter(([param]) => param === 'fc1.weight').length);
  });

  it.each(RATIOS)('by %s are what a run starts with', async (ratios) => {
    const run = smallRun({ plan: smallPlan({ ratios }), signal: AbortSignal.abort() });
    const [batch] = [...(run.data.train.batches({ batchSize: 5, shuffle: { seed: 5, epoch: 1 } }) as Iterable<Batch>)];
    const counts = (await measuredDistribution(ratios, { ...measuring, batch: batch! }))(smallNet, 0.5);
    const { topology } = lastState((await collect(train(run))).events).model;
    for (const [param, { live }] of topology) expect(live.length).toBe(counts.get(param));
  });
});
