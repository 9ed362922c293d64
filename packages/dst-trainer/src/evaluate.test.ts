import { type Batch, type ModelState, network, type Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { evaluate } from './evaluate.ts';

const net = network({
  version: 1,
  name: 'bias only',
  input: { shape: [1] },
  nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }],
  output: 'fc',
});

/** A model whose logits are `bias` whatever it sees. */
const constant = (bias: number[]): ModelState => ({
  spec: net.spec,
  topology: new Map(),
  values: new Map([
    ['fc.weight', new Float32Array(2)],
    ['fc.bias', Float32Array.from(bias)],
  ]),
  step: 0,
});

const labelled = (labels: number[]): Source => ({
  size: labels.length,
  classes: ['a', 'b'],
  shape: [1],
  *batches({ batchSize }): Generator<Batch> {
    for (let i = 0; i < labels.length; i += batchSize) {
      const part = Int32Array.from(labels.slice(i, i + batchSize));
      yield { size: part.length, images: new Float32Array(part.length), labels: part };
    }
  },
});

const goOn = async () => true;

describe('evaluate', () => {
  it('gives ln 2 for a model that cannot tell two classes apart; a tie counts as the lower class', async () => {
    await using session = await denseEngine().open(net, constant([7, 7]), { batchSize: 2 });
    const result = await evaluate(session, labelled([0, 1, 0, 0, 1]), 2, goOn);
    expect(result!.loss).toBeCloseTo(Math.LN2, 12);
    expect(result!.accuracy).toBe(3 / 5);
  });

  it('averages over samples, not over batches', async () => {
    await using session = await denseEngine().open(net, constant([Math.log(3), 0]), { batchSize: 2 });
    // probabilities 3/4 and 1/4: four samples of the first class, one of the second, in batches of 2, 2 and 1
    const result = await evaluate(session, labelled([0, 0, 0, 0, 1]), 2, goOn);
    expect(result!.loss).toBeCloseTo(-(4 * Math.log(3 / 4) + Math.log(1 / 4)) / 5, 6);
    expect(result!.accuracy).toBe(4 / 5);
  });

  it('is exact where the exponential would overflow', async () => {
    await using session = await denseEngine().open(net, constant([2000, 0]), { batchSize: 2 });
    expect(await evaluate(session, labelled([0, 1]), 2, goOn)).toEqual({ loss: 1000, accuracy: 0.5 });
  });

  it('of several members scores the mean of their probabilities', async () => {
    // Member 0 says 3/4 and 1/4, member 1 says 1/10 and 9/10: together 17/40 and 23/40.
    const session = {
      predict: async (_: Float32Array, size: number) => Float32Array.from({ length: 4 * size }, (_, k) => Math.log([3, 1, 1, 9][k % 4]!)),
    };
    const result = await evaluate(session, labelled([0, 1, 1]), 2, goOn);
    expect(result!.loss).toBeCloseTo(-(Math.log(17 / 40) + 2 * Math.log(23 / 40)) / 3, 6);
    expect(result!.accuracy).toBe(2 / 3);
  });

  it('stops when it is told to', async () => {
    await using session = await denseEngine().open(net, constant([0, 0]), { batchSize: 2 });
    let batches = 0;
    expect(await evaluate(session, labelled([0, 1, 0, 1, 0]), 2, async () => ++batches < 2)).toBeUndefined();
    expect(batches).toBe(2);
  });
});
