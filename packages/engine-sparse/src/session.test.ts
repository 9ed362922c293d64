/** What the golden runs of test/conformance do not reach: odd networks, odd rewirings, values that are not numbers. */
import {
  initialState,
  type NetworkSpec,
  network,
  type ParamName,
  randomTopology,
  rng,
  type Session,
  SparseError,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { nativeEngine } from './engine.node.ts';
import { referenceEngine, wasmEngine } from './engines.ts';
import { nativeStatus } from './native.node.ts';
import { wasmStatus } from './wasm.ts';

const OPTIMIZER = { kind: 'sgd', momentum: 0.9, weightDecay: 0 } as const;
const { available, variants } = nativeStatus();
const engines = [
  referenceEngine(),
  ...wasmStatus().variants.map((variant) => wasmEngine({ variant })),
  ...(available ? variants.map((variant) => nativeEngine({ variant })) : []),
];

const networkOf = (shape: number[], nodes: NetworkSpec['nodes'], output: string) =>
  network({ version: 1, name: 'test', input: { shape }, nodes, output });

function batchOf(shape: number[], size: number) {
  const stream = rng(7).stream('batch');
  const images = Float32Array.from({ length: size * shape.reduce((a, b) => a * b) }, () => stream.normal());
  return { size, images, labels: Int32Array.from({ length: size }, (_, n) => n % 2) };
}

describe.each(engines)('$name', (engine) => {
  it('predicts the same with and without an optimizer where a picture split into phases could take released memory', async () => {
    // `wide` is done with before the phases of `thin`, of the same shape (16, 5, 5), are placed; those need zeros where the padding falls.
    const net = networkOf(
      [1, 8, 8],
      [
        { id: 'wide', op: 'conv2d', from: ['input'], out: 16, kernel: 4 },
        { id: 'first', op: 'globalAvgPool', from: ['wide'] },
        { id: 'thin', op: 'conv2d', from: ['input'], out: 4, kernel: 1 },
        { id: 'strided', op: 'conv2d', from: ['thin'], out: 16, kernel: 3, stride: 2, pad: 1 },
        { id: 'second', op: 'globalAvgPool', from: ['strided'] },
        { id: 'add', op: 'add', from: ['first', 'second'] },
        { id: 'fc', op: 'linear', from: ['add'], out: 2 },
      ],
      'fc',
    );
    const state = initialState(net, new Map(), 3);
    const { images, size } = batchOf([1, 8, 8], 16);
    await using training = await engine.open(net, state, { batchSize: 16, optimizer: OPTIMIZER });
    await using serving = await engine.open(net, state, { batchSize: 16 });
    expect(await serving.predict(images, size)).toEqual(await training.predict(images, size));
  });

  it('gives the same gradients whether or not a node that nobody reads shares the phases of a picture', async () => {
    const shape = [1, 6, 6];
    const nodes: NetworkSpec['nodes'] = [
      { id: 'conv', op: 'conv2d', from: ['input'], out: 3, kernel: 3, pad: 1 },
      { id: 'strided', op: 'conv2d', from: ['conv'], out: 4, kernel: 3, stride: 2, pad: 1 },
      { id: 'pool', op: 'globalAvgPool', from: ['strided'] },
      { id: 'fc', op: 'linear', from: ['pool'], out: 2 },
    ];
    const gradients = async (more: NetworkSpec['nodes']) => {
      const net = networkOf(shape, [...nodes, ...more], 'fc');
      await using session = await engine.open(net, initialState(net, new Map(), 3), { batchSize: 4, optimizer: OPTIMIZER });
      await session.trainStep(batchOf(shape, 4), { learningRate: 0.1 });
      return [await session.gradient('conv.weight'), await session.gradient('strided.weight')];
    };
    const plain = await gradients([]);
    expect(plain[0]!.some((value) => value !== 0)).toBe(true);
    expect(await gradients([{ id: 'unread', op: 'conv2d', from: ['conv'], out: 2, kernel: 1, stride: 2 }])).toEqual(plain);
  });

  it('a picture with a value that is not a number has logits and a loss that are none, through ReLU and max pooling', async () => {
    const net = networkOf(
      [1, 4, 4],
      [
        { id: 'pool', op: 'maxPool', from: ['input'], kernel: 2 },
        { id: 'relu', op: 'relu', from: ['pool'] },
        { id: 'flat', op: 'flatten', from: ['relu'] },
        { id: 'fc', op: 'linear', from: ['flat'], out: 2 },
      ],
      'fc',
    );
    for (const pixel of [0, 1, 4, 5]) {
      await using session = await engine.open(net, initialState(net, new Map(), 3), { batchSize: 2, optimizer: OPTIMIZER });
      const batch = batchOf([1, 4, 4], 2);
      batch.images[pixel] = Number.NaN;
      const logits = await session.predict(batch.images, 2);
      expect([...logits].map(Number.isNaN)).toEqual([true, true, false, false]);
      expect(await session.trainStep(batch, { learningRate: 0.1, guard: {} })).toMatchObject({ loss: Number.NaN, refused: 'loss' });
    }
  });

  it('marks where a signal is large, or is no number, until a step that does not keep it', async () => {
    const net = networkOf([33], [{ id: 'fc', op: 'linear', from: ['input'], out: 40 }], 'fc');
    const state = initialState(net, randomTopology(net, new Map<ParamName, number>([['fc.weight', 100]]), 1), 1);
    await using session = await engine.open(net, state, { batchSize: 16, optimizer: OPTIMIZER, signals: ['gradient'] });
    const batch = batchOf([33], 16);
    const step = (keep: readonly 'gradient'[]) => session.trainStep(batch, { learningRate: 0, keep });
    const compare = async (least: number) => {
      const signal = await session.signal('fc.weight', 'gradient');
      const marks = session.marks!('fc.weight', 'gradient', least);
      const found = Array.from(signal, (_, position) => (marks[position >> 5]! >>> (position & 31)) & 1);
      expect(found).toEqual(Array.from(signal, (value) => Number(Number.isNaN(value) || Math.abs(value) >= least)));
      expect(marks.length).toBe(42); // 1320 bits, and none behind them
      expect(marks[41]! >>> 8).toBe(0);
      return found.filter((bit) => bit === 1).length;
    };
    await step(['gradient']);
    const median = Float32Array.from(await session.signal('fc.weight', 'gradient'), Math.abs).sort()[660]!;
    expect(await compare(median)).toBe(660); // the bound itself is marked
    expect(await compare(0)).toBe(1320);
    expect(await compare(Number.POSITIVE_INFINITY)).toBe(0);
    batch.images[5] = Number.NaN; // of the first image: the gradients of all outputs at input 5
    await step(['gradient']);
    expect(await compare(Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(40);
    expect(() => session.marks!('fc.bias', 'gradient', 1)).toThrow('marks: expected a sparse weight, received "fc.bias"');
    await step([]);
    expect(() => session.marks!('fc.weight', 'gradient', 1)).toThrow(SparseError);
  });

  describe('rewiring', () => {
    const net = networkOf([6], [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }], 'fc');
    const topology = randomTopology(net, new Map<ParamName, number>([['fc.weight', 4]]), 1);
    const [a, b, c, d] = topology.get('fc.weight')!.live as unknown as [number, number, number, number];
    const dead = Array.from({ length: 12 }, (_, position) => position).filter((position) => ![a, b, c, d].includes(position));
    const delta = (dropped: number[], grown: number[]) => ({
      param: 'fc.weight' as const,
      dropped: Uint32Array.from(dropped).sort(),
      grown: Uint32Array.from(grown).sort(),
    });
    const open = () => engine.open(net, initialState(net, topology, 1), { batchSize: 2, optimizer: OPTIMIZER, signals: ['gradient'] });
    const refusal = async (act: Promise<unknown>) => expect(await act.catch((error: unknown) => error)).toBeInstanceOf(SparseError);
    const valuesByPosition = async (session: Session) => {
      const state = await session.snapshot();
      return new Map([...state.topology.get('fc.weight')!.live].map((position, k) => [position, state.values.get('fc.weight')![k]]));
    };

    it('two deltas of one weight are carried out one after the other', async () => {
      await using session = await open();
      const before = await valuesByPosition(session);
      await session.rewire([delta([a], [dead[0]!]), delta([b, dead[0]!], [a, dead[1]!])]);
      // `a` went and came back, so it starts again at 0; c and d kept their values.
      const expected = [[a, 0] as const, [dead[1]!, 0] as const, [c, before.get(c)] as const, [d, before.get(d)] as const];
      expect([...(await valuesByPosition(session))]).toEqual(expected.toSorted(([p], [q]) => p - q));
    });

    it('a position that is dropped twice is refused: the live count would change', async () => {
      await using session = await open();
      await refusal(session.rewire([delta([a, a], [dead[0]!, dead[1]!])]));
      expect([...(await valuesByPosition(session)).keys()]).toEqual([a, b, c, d]);
    });

    it('a gradient of weights that live no more is refused until the next step; the dense signal is not', async () => {
      await using session = await open();
      const step = () => session.trainStep(batchOf([6], 2), { learningRate: 0.1, keep: ['gradient'] });
      await step();
      const signal = (await session.signal('fc.weight', 'gradient')).slice();
      await session.rewire([delta([a], [dead[0]!])]);
      await refusal(session.gradient('fc.weight'));
      expect(await session.signal('fc.weight', 'gradient')).toEqual(signal);
      expect((await session.gradient('fc.bias')).length).toBe(2);
      await step();
      const dense = await session.signal('fc.weight', 'gradient');
      const live = [b, c, d, dead[0]!].sort((p, q) => p - q);
      const gradient = await session.gradient('fc.weight');
      for (const [k, position] of live.entries()) expect(gradient[k]).toBe(dense[position]); // read out of the dense one
    });
  });
});
