/** The WebAssembly executor: its memory, agreement with the reference on odd shapes, and what it says where it cannot run. */
import { type Engine, initialState, type NetworkSpec, network, randomTopology, rng } from '@freetickets/sparse-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { referenceEngine, wasmEngine } from './engines.ts';
import type { Operation } from './ops.ts';
import { wasmExecutor, wasmStatus } from './wasm.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  for (const file of ['plain', 'relaxed']) vi.doUnmock(`../wasm/${file}.js`);
  vi.resetModules();
});

describe('memory', () => {
  it.each([
    [1, 1],
    [17, 3],
    [100_000, 70_000],
  ])('holds %i floats and %i integers, all zero, each from a multiple of 64 bytes on where the plan fills whole lines', async (f, i) => {
    const { floats, ints } = (await wasmExecutor()).allocate(Math.ceil(f / 16) * 16, i);
    expect([floats.length, ints.length]).toEqual([Math.ceil(f / 16) * 16, i]);
    expect([floats.byteOffset % 64, ints.byteOffset % 64]).toEqual([0, 0]);
    expect(ints.buffer).toBe(floats.buffer);
    expect(floats.every((value) => value === 0) && ints.every((value) => value === 0)).toBe(true);
  });

  it('belongs to one session alone', async () => {
    const executor = await wasmExecutor();
    const [a, b] = [executor.allocate(16, 16), executor.allocate(16, 16)];
    a.floats.fill(1);
    expect(b.floats.every((value) => value === 0)).toBe(true);
  });

  it('beyond 2 GiB is reached by floats and integers alike', async () => {
    const executor = await wasmExecutor();
    const { floats, ints } = executor.allocate(600_000_000, 16);
    const end = floats.length - 32;
    floats.set([5, 6, 7, 8], end);
    ints.set([3, 2, 1, 0]);
    const program = executor.compile([{ op: 'pack', out: end + 16, source: end, order: 0, count: 4 }]);
    executor.run(program, floats, ints, 16, 1);
    expect([...floats.subarray(end + 16, end + 20)]).toEqual([8, 7, 6, 5]);
  });

  it('beyond 4 GiB is refused in a sentence', async () => {
    const executor = await wasmExecutor();
    expect(() => executor.allocate(2 ** 30, 2 ** 28)).toThrow(
      'batchSize: expected a plan of at most 4 GiB for the wasm engine, received "5.0 GiB". Use smaller batches, or the native engine',
    );
  });

  it('that the platform does not give is refused in a sentence', async () => {
    const executor = await wasmExecutor();
    const Memory = () => {
      throw new RangeError('could not allocate memory');
    };
    vi.stubGlobal('WebAssembly', { Memory });
    expect(() => executor.allocate(2 ** 28, 16)).toThrow(
      'batchSize: expected a plan that fits into the memory of this machine, received "1.0 GiB". Use smaller batches',
    );
  });
});

describe('a program', () => {
  it('longer than the window runs to its end, in order', async () => {
    const executor = await wasmExecutor();
    const { floats, ints } = executor.allocate(16 * 1001, 16);
    floats[0] = 7;
    // Each moves the 7 one line further.
    const moves = Array.from(
      { length: 1000 },
      (_, k): Operation => ({ op: 'pack', out: 16 * (k + 1), source: 16 * k, order: 0, count: 1 }),
    );
    executor.run(executor.compile(moves), floats, ints, 16, 1);
    expect([...floats.filter((_, k) => k % 16 === 0)]).toEqual(new Array(1001).fill(7));
  });

  it('computes exp and log in double precision: two equal logits lose ln 2, rounded once', async () => {
    const executor = await wasmExecutor();
    const { floats, ints } = executor.allocate(16 * 8, 32);
    const view = (base: number) => ({ base, block: 32, plane: 16, row: 16 });
    floats.fill(1.5, 0, 32);
    const places = { logits: view(0), gradient: view(32), labels: 0, mixed: 16, loss: 64, correct: 80, shares: 96, smoothing: 112 };
    const loss: Operation = { op: 'loss', ...places, classes: 2, heads: 1, sum: false };
    executor.run(executor.compile([loss]), floats, ints, 16, 1);
    expect([floats[64], floats[80], floats[32], floats[48]]).toEqual([Math.fround(Math.LN2), 1, -0.5, 0.5]);
  });
});

describe('odd shapes', () => {
  /** Input (C, H, W), channels of the convolutions, images. */
  const shapes = [
    [[1, 1, 1], 1, 1],
    [[1, 5, 3], 2, 17],
    [[3, 7, 7], 5, 33],
    [[2, 9, 6], 19, 31],
    [[5, 2, 11], 7, 65],
  ] as const;

  function networkOf(input: readonly number[], channels: number): NetworkSpec {
    return {
      version: 1,
      name: 'odd',
      input: { shape: [...input] },
      nodes: [
        { id: 'first', op: 'conv2d', from: ['input'], out: channels, kernel: 3, pad: 1, bias: false },
        { id: 'norm', op: 'batchNorm', from: ['first'] },
        { id: 'relu', op: 'relu', from: ['norm'] },
        { id: 'strided', op: 'conv2d', from: ['relu'], out: channels + 1, kernel: 3, stride: 2, pad: 1 },
        { id: 'pool', op: 'globalAvgPool', from: ['strided'] },
        { id: 'fc', op: 'linear', from: ['pool'], out: 3 },
      ],
      output: 'fc',
    };
  }

  /** Loss, every gradient and the values after one step, in one row. */
  async function step(engine: Engine, spec: NetworkSpec, size: number): Promise<number[]> {
    const net = network(spec);
    const sparse = [...net.params].filter(([, info]) => info.sparsifiable);
    const state = initialState(net, randomTopology(net, new Map(sparse.map(([param, info]) => [param, Math.ceil(info.size / 3)])), 1), 1);
    const stream = rng(2).stream('batch');
    const images = Float32Array.from({ length: size * spec.input.shape.reduce((a, b) => a * b) }, () => stream.normal());
    const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 } as const;
    await using session = await engine.open(net, state, { batchSize: size, optimizer });
    const { loss } = await session.trainStep(
      { size, images, labels: Int32Array.from({ length: size }, (_, n) => n % 3) },
      { learningRate: 0.1 },
    );
    const trained = [...net.params].filter(([, info]) => info.trainable).map(([param]) => session.gradient(param));
    return [loss, ...(await Promise.all(trained)).flatMap((gradient) => [...gradient]), ...(await session.predict(images, size))];
  }

  const everywhere = wasmStatus().variants.flatMap((variant) => shapes.map((shape) => [variant, ...shape] as const));

  it.each(everywhere)('%s, input %j, %i channels, %i images: as the reference, within 1e-4', async (variant, input, channels, size) => {
    const spec = networkOf(input, channels);
    const [found, truth] = [await step(wasmEngine({ variant }), spec, size), await step(referenceEngine(), spec, size)];
    const scale = Math.max(...truth.map(Math.abs));
    expect(found.length).toBe(truth.length);
    for (const [k, value] of truth.entries()) expect(Math.abs(found[k]! - value)).toBeLessThanOrEqual(1e-4 * scale);
  });
});

describe('where it cannot run', () => {
  /** The package as a page loads it whose platform has this in the place of WebAssembly. */
  async function pageWith(platform: unknown) {
    vi.stubGlobal('WebAssembly', platform);
    vi.resetModules();
    return import('./index.browser.ts');
  }
  const net = network({
    version: 1,
    name: 'one',
    input: { shape: [2] },
    nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }],
    output: 'fc',
  });
  const open = (engine: Engine) => engine.open(net, initialState(net, new Map(), 1), { batchSize: 1 });

  it.each([
    ['no WebAssembly', undefined, 'this platform has no WebAssembly'],
    ['no SIMD', { validate: () => false }, 'its WebAssembly has no SIMD'],
  ])('%s: the status says so, the engine is refused, the best engine is the reference and says so once', async (_, platform, reason) => {
    const page = await pageWith(platform);
    expect(page.wasmStatus()).toEqual({ available: false, variants: [], reason });
    expect(() => page.wasmEngine()).toThrow(`wasm engine: expected WebAssembly with SIMD, received "${reason}"`);
    const said: string[] = [];
    const onFallback = (message: string) => said.push(message);
    expect([page.bestEngine({ onFallback }).name, page.bestEngine({ onFallback }).name]).toEqual(['reference', 'reference']);
    expect(said).toEqual([`The reference engine is used, many times slower than the wasm engine: ${reason}.`]);
  });

  it.each([
    ['plain', false],
    ['relaxed', true],
  ] as const)('the %s kernels have fused multiply-adds: %s', async (variant, fused) => {
    const { kernels } = await (variant === 'plain' ? import('../wasm/plain.js') : import('../wasm/relaxed.js'));
    const bytes = Buffer.from(kernels, 'base64');
    expect(bytes.includes(Buffer.of(253, 133, 2))).toBe(fused);
  });

  it('here it can, and is the best engine of a browser, without a word', async () => {
    const { bestEngine } = await import('./index.browser.ts');
    const { variants } = wasmStatus();
    expect(['plain', 'relaxed,plain']).toContain(variants.join());
    const engine = bestEngine({ onFallback: (message) => expect.unreachable(message) });
    expect(engine.name).toBe(`wasm/${variants[0]}`);
    await using session = await open(engine);
    expect((await session.predict(Float32Array.of(1, 2), 1)).length).toBe(2);
  });

  it('relaxed SIMD is taken where the platform validates it, and refused by name where it does not', async () => {
    const RELAXED_MADD = [253, 133, 2].join();
    const only = (lacking: string) => ({ validate: (bytes: Uint8Array) => !lacking || !bytes.join().includes(lacking) });
    expect((await pageWith(only(''))).wasmEngine().name).toBe('wasm/relaxed');
    const { wasmEngine } = await pageWith(only(RELAXED_MADD));
    expect(wasmEngine().name).toBe('wasm/plain');
    expect(() => wasmEngine({ variant: 'relaxed' })).toThrow('wasm engine: expected one of plain, received "relaxed"');
  });

  it('a page that forbids compilation is told how to allow it', async () => {
    const compile = async () => {
      throw new Error('violates the Content Security Policy');
    };
    const { wasmEngine } = await pageWith({ validate: () => true, compile });
    await expect(open(wasmEngine())).rejects.toMatchObject({
      code: 'KERNELS_UNAVAILABLE',
      message: expect.stringMatching(/expected compiled kernels, received "violates.*must allow 'wasm-unsafe-eval'$/),
    });
  });

  it('bytes that are no WebAssembly are refused', async () => {
    vi.resetModules();
    vi.doMock('../wasm/plain.js', () => ({ kernels: btoa('This is no module.') }));
    const { wasmEngine } = await import('./engines.ts');
    await expect(open(wasmEngine({ variant: 'plain' }))).rejects.toThrow(/wasm engine: expected compiled kernels, received ".*magic word/);
  });

  it('kernels that were not built are missed with the command that builds them', async () => {
    vi.resetModules();
    vi.doMock('../wasm/plain.js', () => {
      throw new Error('not there');
    });
    const { wasmEngine } = await import('./engines.ts');
    await expect(open(wasmEngine({ variant: 'plain' }))).rejects.toThrow(
      /received "none". They are built by: node scripts\/build-wasm\.mjs$/,
    );
  });
});
