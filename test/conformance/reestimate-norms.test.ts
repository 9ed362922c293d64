/** Batch-norm statistics measured anew, on real engines; the expected numbers are those of `torch.optim.swa_utils.update_bn`. */
import { type ReestimateOptions, reestimateNorms } from '@freetickets/dst-trainer';
import { nativeEngine, nativeStatus, referenceEngine } from '@freetickets/engine-sparse';
import { type Batch, type Engine, initialState, type ModelState, network, type PassOptions, type Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

const net = network({
  version: 1,
  name: 'norm',
  input: { shape: [2] },
  nodes: [
    { id: 'bn', op: 'batchNorm', from: ['input'] },
    { id: 'fc', op: 'linear', from: ['bn'], out: 2 },
  ],
  output: 'fc',
});
/** Batches of 3 and of 2 samples. */
const batches: readonly Batch[] = [
  { size: 3, images: Float32Array.of(1, 2, 3, 6, 8, -2), labels: Int32Array.of(0, 1, 0) },
  { size: 2, images: Float32Array.of(0, 1, 4, 5), labels: Int32Array.of(1, 1) },
];
const passes: PassOptions[] = [];
const source: Source = {
  size: 5,
  classes: ['a', 'b'],
  shape: [2],
  batches(options) {
    passes.push(options);
    return batches;
  },
};

const trained = (over = net): ModelState => {
  const fresh = initialState(over, new Map(), 1);
  const momentum = new Map(
    [...over.params].flatMap(([param, { size, trainable }]) => (trainable ? [[param, new Float32Array(size)] as const] : [])),
  );
  return { ...fresh, momentum, step: 7 };
};

const engines: (readonly [string, () => Engine])[] = [['reference', referenceEngine]];
if (nativeStatus().available) engines.push(['native', () => nativeEngine()]);

describe.each(engines)('reestimateNorms on the %s engine', (_, engine) => {
  const measured = (options?: ReestimateOptions) => reestimateNorms(engine(), net, trained(), source, options);

  it('gives the mean over batches of means and unbiased variances', async () => {
    const { values } = await measured();
    // means (4, 2) and (2, 3); variances (13, 16) and (8, 8)
    for (const [i, mean] of [3, 2.5].entries()) expect(values.get('bn.running_mean')![i]).toBeCloseTo(mean, 5);
    for (const [i, variance] of [10.5, 12].entries()) expect(values.get('bn.running_var')![i]).toBeCloseTo(variance, 5);
  });

  it('reads as many batches as it is told, in the order that it is told', async () => {
    const shuffle = { seed: 3, epoch: 4 };
    const { values } = await measured({ batches: 1, batchSize: 3, shuffle });
    expect(passes.at(-1)).toEqual({ batchSize: 3, shuffle });
    for (const [i, mean] of [4, 2].entries()) expect(values.get('bn.running_mean')![i]).toBeCloseTo(mean, 5);
  });

  it('leaves everything else as it was, bit for bit', async () => {
    const before = trained();
    const { values, ...others } = await measured();
    expect(others).toEqual({ spec: before.spec, topology: before.topology, momentum: before.momentum, step: 7 });
    for (const param of ['bn.weight', 'bn.bias', 'fc.weight', 'fc.bias'] as const)
      expect(values.get(param)).toEqual(before.values.get(param));
  });

  it('gives a network without batch norm back as it came', async () => {
    const plain = network({ ...net.spec, nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }] });
    const state = trained(plain);
    expect(await reestimateNorms(engine(), plain, state, source)).toBe(state);
  });
});
