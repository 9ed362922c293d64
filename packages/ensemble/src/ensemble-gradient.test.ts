import { describe, expect, it } from 'vitest';
import { type Differentiable, ensembleGradient } from './ensemble-gradient.ts';

/** Softmax regression on two values: logits W x, and the gradient of its mean cross-entropy, W' (p - onehot) / size, written out. */
function regression(weight: readonly (readonly [number, number])[]): Differentiable {
  const logits = (x: Float32Array, n: number) => weight.map(([a, b]) => a * x[2 * n]! + b * x[2 * n + 1]!);
  return {
    predict: async (images, size) => Float32Array.from(Array.from({ length: size }, (_, n) => logits(images, n)).flat()),
    inputGradient: async ({ images, labels, size }) =>
      Float32Array.from({ length: 2 * size }, (_, k) => {
        const n = Math.floor(k / 2);
        const p = softmax(logits(images, n));
        return weight.reduce((sum, row, c) => sum + row[k % 2]! * (p[c]! - (c === labels[n] ? 1 : 0)), 0) / size;
      }),
  };
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return logits.map((logit) => Math.exp(logit - largest) / total);
}

const WEIGHTS = [
  [
    [1, -0.5],
    [0.25, 2],
    [-1, 0.5],
  ],
  [
    [-0.5, 1],
    [1.5, 0],
    [0.25, -2],
  ],
] as const;
const images = [0.3, -0.7, 1.1, 0.4];
const labels = Int32Array.of(2, 0);

/** Mean over the two samples of -ln of the members' mean probability of the label, in float64. */
function loss(x: readonly number[]): number {
  const ofSample = (n: number) => {
    const probabilities = WEIGHTS.map((weight) => softmax(weight.map(([a, b]) => a * x[2 * n]! + b * x[2 * n + 1]!))[labels[n]!]!);
    return -Math.log(probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length);
  };
  return (ofSample(0) + ofSample(1)) / 2;
}

describe('ensembleGradient', () => {
  it('is that of -ln of the mean probability: finite differences', async () => {
    const gradient = await ensembleGradient(WEIGHTS.map(regression))(Float32Array.from(images), labels);
    const h = 1e-5;
    images.forEach((_, k) => {
      const at = (by: number) => loss(images.map((value, i) => (i === k ? value + by : value)));
      expect(gradient[k]).toBeCloseTo((at(h) - at(-h)) / (2 * h), 6);
    });
  });

  it('of one member is that of its cross-entropy', async () => {
    const alone = regression(WEIGHTS[0]);
    const batch = { size: 2, images: Float32Array.from(images), labels };
    expect(await ensembleGradient([alone])(batch.images, labels)).toEqual(await alone.inputGradient(batch));
  });

  it('of members that are all sure of another class is a number', async () => {
    const sure = regression([
      [800, 0],
      [-800, 0],
      [-801, 0],
    ]);
    const gradient = await ensembleGradient([sure, sure])(Float32Array.of(1, 1), Int32Array.of(2));
    expect(gradient).toEqual(Float32Array.of(1601, 0)); // W' (p - onehot) with p = (1, 0, 0)
  });
});
