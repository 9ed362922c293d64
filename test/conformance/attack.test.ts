/** Gradients with respect to pictures, and what FGSM makes of them, against PyTorch; see `tooling/golden/make_attacks.py`. */
import { readFileSync } from 'node:fs';
import { bestEngine, referenceEngine } from '@freetickets/engine-sparse';
import { attack, ensembleGradient } from '@freetickets/ensemble';
import { type ModelState, type NetworkSpec, network, type ParamName, type Session } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

interface Golden {
  readonly mean: number[];
  readonly std: number[];
  readonly epsilon: number;
  readonly members: Readonly<Record<ParamName, number[]>>[];
  readonly images: number[];
  readonly labels: number[];
  readonly memberGradients: number[][];
  readonly ensembleGradient: number[];
  readonly fgsmPixels: number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/attacks.json', import.meta.url), 'utf8')) as Golden;
const images = Float32Array.from(golden.images);
const labels = Int32Array.from(golden.labels);

const spec: NetworkSpec = {
  version: 1,
  name: 'attacked',
  input: { shape: [2, 3, 3] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, pad: 1 },
    { id: 'relu', op: 'relu', from: ['conv'] },
    { id: 'flatten', op: 'flatten', from: ['relu'] },
    { id: 'fc', op: 'linear', from: ['flatten'], out: 3 },
  ],
  output: 'fc',
};
const states = golden.members.map(
  (values): ModelState => ({
    spec,
    topology: new Map(),
    values: new Map(Object.entries(values).map(([param, own]) => [param as ParamName, Float32Array.from(own)])),
    step: 0,
  }),
);

/** Relative to the largest of them. */
function expectClose(found: Float32Array, expected: readonly number[]): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  found.forEach((value, k) => {
    expect(Math.abs(value - expected[k]!) / largest).toBeLessThan(1e-5);
  });
}

describe.each([
  ['reference', () => referenceEngine()],
  ['the fastest here', () => bestEngine({ onFallback() {} })],
])('attacks by %s agree with PyTorch', (_, makeEngine) => {
  async function withSessions(use: (sessions: readonly Session[]) => Promise<void>): Promise<void> {
    const open = (state: ModelState) => makeEngine().open(network(spec), state, { batchSize: labels.length, inputGradients: true });
    await using first = await open(states[0]!);
    await using second = await open(states[1]!);
    await use([first, second]);
  }

  it('gradients of each member and of the ensemble within 1e-5', () =>
    withSessions(async (sessions) => {
      for (const [m, session] of sessions.entries())
        expectClose(await ensembleGradient([session])(images, labels), golden.memberGradients[m]!);
      expectClose(await ensembleGradient(sessions)(images, labels), golden.ensembleGradient);
    }));

  it('the pixels that FGSM moves', () =>
    withSessions(async (sessions) => {
      const moved = await attack(images, labels, golden, ensembleGradient(sessions), { kind: 'fgsm', epsilon: golden.epsilon });
      const pixels = moved.map((value, k) => value * golden.std[Math.floor(k / 9) % 2]! + golden.mean[Math.floor(k / 9) % 2]!);
      expectClose(pixels, golden.fgsmPixels);
    }));
});
