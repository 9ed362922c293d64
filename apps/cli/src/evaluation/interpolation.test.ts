import { referenceEngine } from '@freetickets/engine-sparse';
import type { ModelState, NetworkSpec, ParamName, Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { talk } from '../talk.ts';
import { barrier, checkPairs, interpolationOf, SHARES } from './interpolation.ts';

const spec: NetworkSpec = {
  version: 1,
  name: 'small',
  input: { shape: [1] },
  nodes: [
    { id: 'bn', op: 'batchNorm', from: ['input'] },
    { id: 'fc', op: 'linear', from: ['bn'], out: 2, bias: false },
  ],
  output: 'fc',
};

/** Logits (w z, 0), z the normalised input; running statistics that are far from those of any data. */
function ticket(weight: number): ModelState {
  const values = new Map<ParamName, Float32Array>([
    ['bn.weight', Float32Array.of(1)],
    ['bn.bias', Float32Array.of(0)],
    ['bn.running_mean', Float32Array.of(100)],
    ['bn.running_var', Float32Array.of(1)],
    ['fc.weight', Float32Array.of(weight, 0)],
  ]);
  return { spec, topology: new Map(), values, step: 0 };
}

/** Inputs 1 and 3, of class 0 and 1: mean 2, unbiased variance 2, so they are normalised to -1 / sqrt(2) and 1 / sqrt(2). */
const source: Source = {
  size: 2,
  classes: ['low', 'high'],
  shape: [1],
  *batches() {
    yield { size: 2, images: Float32Array.of(1, 3), labels: Int32Array.of(0, 1) };
  },
};

describe('interpolationOf', () => {
  it('follows the loss by hand, with statistics of batch norm from the training pictures at every point', async () => {
    // Weights -3 and 1; halfway and a half they cancel at share 3/4. The loss is ln(1 + exp(w / sqrt 2)) for either picture.
    const found = await interpolationOf(
      [ticket(-3), ticket(1)],
      { train: source, report: source },
      { engine: referenceEngine() },
      { resamples: 10, seed: 1 },
      talk({ quiet: true }),
    );
    const [path] = found.paths;
    expect([found.trainSamples, found.paths.length, path!.members]).toEqual([2, 1, [0, 1]]);
    path!.points.forEach(({ share, trainLoss, loss, error }, k) => {
      const weight = -3 + 4 * share;
      expect(share).toBe(SHARES[k]);
      expect(trainLoss).toBeCloseTo(Math.log1p(Math.exp(weight / Math.SQRT2)), 4);
      expect(loss).toBeCloseTo(trainLoss, 6);
      // Without a preference the lower class is named, which is one of the two.
      expect(error).toBe(Math.abs(weight) < 1e-6 ? 0.5 : weight > 0 ? 1 : 0);
    });
    expect(path!.barrier.trainLoss).toBe(0); // the loss is convex in the weight
    expect(path!.barrier.intervals!.error).toBeDefined();
    expect(path!.points[0]!.intervals!.error).toEqual({ low: 0, high: 0 });
  });
});

describe('barrier', () => {
  it('is measured from the straight line between the ends', () => {
    // The line is 1, 2, 3; the path lies 1.5 above it in the middle.
    expect(barrier([{ loss: 1 }, { loss: 3.5 }, { loss: 3 }], 'loss')).toBe(1.5);
    expect(barrier([{ loss: 3 }, { loss: 1 }, { loss: 1 }], 'loss')).toBe(0);
  });
});

describe('checkPairs', () => {
  it('refuses a single ticket', () => {
    expect(() => checkPairs([ticket(1)])).toThrow('--interpolate: expected a run with at least two tickets, received 1');
    checkPairs([ticket(1), ticket(2)]);
  });
});
