/**
 * Where images are few, a plane is one run of floats and taps read shifted copies of it: every window on every width, next to whole blocks
 * of many images, which know nothing of that.
 */
import { nativeEngine, nativeStatus, referenceEngine, wasmEngine, wasmStatus } from '@freetickets/engine-sparse';
import {
  type Engine,
  initialState,
  type ModelState,
  type Network,
  type NetworkSpec,
  network,
  randomTopology,
  rng,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

const IMAGES = 17;
const WIDTHS = [1, 2, 3, 4, 5, 8, 9, 12, 16, 17];
/** Kernel, stride, padding. */
const WINDOWS: readonly (readonly [number, number, number])[] = [
  [1, 1, 0],
  [3, 1, 1],
  [3, 1, 0],
  [5, 1, 2],
  [5, 1, 0],
  [2, 1, 1],
  [3, 1, 2],
  [4, 1, 3],
  [5, 1, 4],
  [2, 1, 0],
  [3, 2, 1],
  [3, 2, 0],
  [1, 2, 0],
  [2, 2, 1],
  [7, 2, 3],
  [5, 3, 2],
  [11, 4, 2],
];
const DENSITIES = [0.3, 0.8, 1];

/** @param alone nothing with a border of its own stands behind the window */
function netOf(width: number, [kernel, stride, pad]: (typeof WINDOWS)[number], alone: boolean): Network | undefined {
  if (width + 2 * pad < kernel) return undefined;
  const spec: NetworkSpec = {
    version: 1,
    name: 'window',
    input: { shape: [2, width, width] },
    nodes: [
      { id: 'window', op: 'conv2d', from: ['input'], out: 5, kernel, stride, pad },
      { id: 'relu', op: 'relu', from: ['window'] },
      { id: 'again', op: 'conv2d', from: ['relu'], out: 3, kernel: 3, pad: 1 },
      { id: 'pool', op: 'maxPool', from: ['again'], kernel: 2, stride: 1, pad: 1 },
      { id: 'flat', op: 'flatten', from: [alone ? 'window' : 'pool'] },
      { id: 'logits', op: 'linear', from: ['flat'], out: 4 },
    ],
    output: 'logits',
  };
  return network(spec);
}

function stateOf(net: Network, density: number): ModelState {
  const sparse = [...net.params].filter(([, info]) => info.sparsifiable);
  const counts = new Map(sparse.map(([param, { size }]) => [param, Math.ceil(density * size)]));
  return initialState(net, randomTopology(net, density === 1 ? new Map() : counts, 1), 1);
}

async function predict(engine: Engine, net: Network, state: ModelState, images: Float32Array, batchSize: number): Promise<Float32Array> {
  await using session = await engine.open(net, state, { batchSize, threads: 2 });
  return session.predict(images, IMAGES);
}

const engines: readonly Engine[] = [
  referenceEngine(),
  ...wasmStatus().variants.map((variant) => wasmEngine({ variant })),
  ...nativeStatus().variants.map((variant) => nativeEngine({ variant })),
];

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_name, engine) => {
  it.each(WINDOWS)('kernel %i, stride %i, padding %i', async (...window) => {
    for (const width of WIDTHS) {
      const stream = rng(width).stream('images');
      const images = Float32Array.from({ length: IMAGES * 2 * width * width }, () => stream.normal());
      for (const [density, alone] of DENSITIES.flatMap((one) => [[one, false] as const, [one, true] as const])) {
        const net = netOf(width, window, alone);
        if (!net) continue;
        const state = stateOf(net, density);
        const truth = await predict(referenceEngine(), net, state, images, IMAGES);
        for (const batchSize of [1, 2, 3, 4]) {
          const logits = await predict(engine, net, state, images, batchSize);
          const error = Math.max(...logits.map((value, k) => Math.abs(value - truth[k]!)));
          expect(error, `width ${width}, ${alone ? 'alone, ' : ''}density ${density}, ${batchSize} images at once`).toBeLessThan(1e-5);
        }
      }
    }
  });
});
