import {
  type Engine,
  initialState,
  type ModelState,
  type Network,
  network,
  type OpenOptions,
  type Session,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { openEnsemble } from './index.ts';

/** y = W x + b on `features` inputs, the smallest network there is. */
const linear = (features: number, classes: number, name = 'linear') =>
  network({
    version: 1,
    name,
    input: { shape: [features] },
    nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: classes }],
    output: 'fc',
  });

/** A state of `linear(2, 2)` with these rows of W and this b. */
function state(weight: readonly number[], bias: readonly number[]): ModelState {
  const values = new Map([['fc.weight', Float32Array.from(weight)] as const, ['fc.bias', Float32Array.from(bias)] as const]);
  return { ...initialState(linear(2, 2), new Map(), 0), values };
}

interface Log {
  readonly opened: OpenOptions[];
  closed: number;
}

/** An engine for `linear` networks alone, in plain loops; it records what was asked of it and fails to open the `failAt`-th session. */
function linearEngine(log: Log, failAt = -1): Engine {
  return {
    name: 'linear',
    signals: new Set(),
    async open(net: Network, { values }: ModelState, options: OpenOptions): Promise<Session> {
      if (log.opened.length === failAt) throw new Error('out of memory');
      log.opened.push(options);
      const features = net.spec.input.shape[0]!;
      const predict = (images: Float32Array, size: number) =>
        Float32Array.from({ length: size * net.classes }, (_, k) => {
          const [n, c] = [Math.floor(k / net.classes), k % net.classes];
          let sum = values.get('fc.bias')![c]!;
          for (let i = 0; i < features; i++) sum += values.get('fc.weight')![c * features + i]! * images[n * features + i]!;
          return sum;
        });
      const refuse = () => Promise.reject(new Error('opened for prediction only'));
      return {
        trainStep: refuse,
        gradient: refuse,
        signal: refuse,
        rewire: refuse,
        inputGradient: refuse,
        snapshot: refuse,
        predict: (images, size) => Promise.resolve(predict(images, size)),
        [Symbol.asyncDispose]: () => {
          log.closed++;
          return Promise.resolve();
        },
      };
    },
  };
}

const emptyLog = (): Log => ({ opened: [], closed: 0 });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

// Logit differences (class 0 - class 1): member 0: 8 x0 + 1, member 1: -2 x1.
const tickets = [state([8, 0, 0, 0], [1, 0]), state([0, 0, 0, 2], [0, 0])];
const images = Float32Array.of(1, 1, -0.5, 2);
const differences = [8 + 1, -4 + 1, -2, -4]; // member 0 on samples 0 and 1, then member 1

describe('openEnsemble', () => {
  it('averages the softmax of the members', async () => {
    const ensemble = await openEnsemble(tickets, { engine: linearEngine(emptyLog()) });
    const { probs, memberProbs, members, size, classes } = await ensemble.predict(images, 2);
    expect({ members, size, classes }).toEqual({ members: 2, size: 2, classes: 2 });
    differences.forEach((difference, k) => {
      expect(memberProbs[2 * k]).toBeCloseTo(sigmoid(difference), 7);
    });
    expect(probs[0]).toBeCloseTo((sigmoid(9) + sigmoid(-2)) / 2, 7);
    expect(probs[2]).toBeCloseTo((sigmoid(-3) + sigmoid(-4)) / 2, 7);
  });
  it('passes on how to combine', async () => {
    const options = { engine: linearEngine(emptyLog()), combine: 'logits', weights: [1, 3] } as const;
    const { probs } = await (await openEnsemble(tickets, options)).predict(images, 2);
    expect(probs[0]).toBeCloseTo(sigmoid((9 + 3 * -2) / 4), 7);
  });
  it('opens one session per member, for prediction only, and closes each once', async () => {
    const log = emptyLog();
    const ensemble = await openEnsemble(tickets, { engine: linearEngine(log), batchSize: 32, threads: 1 });
    expect(log.opened).toEqual([
      { batchSize: 32, threads: 1 },
      { batchSize: 32, threads: 1 },
    ]);
    expect(ensemble.members).toEqual(tickets);
    await ensemble[Symbol.asyncDispose]();
    await ensemble[Symbol.asyncDispose]();
    expect(log.closed).toBe(2);
    await expect(ensemble.predict(images, 2)).rejects.toThrow('ensemble: expected an open ensemble');
  });
  it('closes what it opened when a later member cannot be opened', async () => {
    const log = emptyLog();
    await expect(openEnsemble(tickets, { engine: linearEngine(log, 1) })).rejects.toThrow('out of memory');
    expect(log).toMatchObject({ opened: [{}], closed: 1 });
  });
});

describe('what openEnsemble refuses', () => {
  const other = (features: number, classes: number) => initialState(linear(features, classes, 'other'), new Map(), 0);
  const cases = [
    ['no tickets', [], {}, 'INVALID_ARGUMENT', 'tickets'],
    ['another input shape', [tickets[0]!, other(3, 2)], {}, 'SHAPE_MISMATCH', 'tickets[1] (other)'],
    ['another number of classes', [tickets[0]!, other(2, 3)], {}, 'SHAPE_MISMATCH', 'tickets[1] (other)'],
    ['wrong weights', tickets, { weights: [1] }, 'INVALID_ARGUMENT', 'weights'],
    ['an unknown mode', tickets, { combine: 'vote' as never }, 'INVALID_ARGUMENT', 'combine'],
  ] as const;
  it.each(cases)('%s, before anything is opened', async (_, given, options, code, at) => {
    const log = emptyLog();
    await expect(openEnsemble(given, { engine: linearEngine(log), ...options })).rejects.toThrow(expect.objectContaining({ code, at }));
    expect(log.opened).toEqual([]);
  });
  it('images that are not `size` samples', async () => {
    const ensemble = await openEnsemble(tickets, { engine: linearEngine(emptyLog()) });
    await expect(ensemble.predict(images, 3)).rejects.toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH', at: 'images' }));
    await expect(ensemble.predict(images, 0)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', at: 'size' }));
  });
});
