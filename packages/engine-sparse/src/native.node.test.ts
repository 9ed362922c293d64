/** What runs here and why, and a binding that answers misuse with an error. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SparseError } from '@freetickets/sparse-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encode } from './encode.ts';
import { nativeEngine } from './engine.node.ts';
import { nativeExecutor, nativeStatus } from './native.node.ts';
import { wasmStatus } from './wasm.ts';

const status = nativeStatus();
/** The instruction set that every processor of this family can run. */
const always = process.arch === 'arm64' ? 'neon' : 'baseline';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The engines as a process with this SPARSE_KERNELS loads them. */
async function withKernels(value: string) {
  vi.stubEnv('SPARSE_KERNELS', value);
  vi.resetModules();
  return { ...(await import('./engine.node.ts')), ...(await import('./native.node.ts')) };
}

describe('without native kernels (SPARSE_KERNELS=reference)', () => {
  it('the status says why', async () => {
    const { nativeStatus } = await withKernels('reference');
    expect(nativeStatus()).toEqual({
      available: false,
      variants: [],
      reason: expect.stringMatching(/SPARSE_KERNELS=reference is set \(unset/),
    });
  });

  it('the native engine is refused with the reason', async () => {
    const { nativeEngine } = await withKernels('reference');
    expect(() => nativeEngine()).toThrow(
      expect.objectContaining({ code: 'KERNELS_UNAVAILABLE', message: expect.stringMatching(/unset it/) }),
    );
  });

  it('the best engine is the reference, and that is said once, with the remedy', async () => {
    const { bestEngine } = await withKernels('reference');
    const said: string[] = [];
    const onFallback = (message: string) => said.push(message);
    expect([bestEngine({ onFallback }).name, bestEngine({ onFallback }).name]).toEqual(['reference', 'reference']);
    expect(said).toEqual([expect.stringMatching(/reference engine is used.*slower.*SPARSE_KERNELS=reference is set \(unset it/)]);
  });

  it('says it as a process warning unless told where', async () => {
    const { bestEngine } = await withKernels('reference');
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve));
    bestEngine();
    expect(await warning).toMatchObject({ name: 'FreeTicketsWarning', message: expect.stringContaining('reference engine') });
  });
});

describe('with SPARSE_KERNELS=wasm/plain', () => {
  it('the best engine is that variant, and an unknown one is refused with the names of those that are there', async () => {
    const onFallback = () => {};
    expect((await withKernels('wasm/plain')).bestEngine({ onFallback }).name).toBe('wasm/plain');
    const { bestEngine } = await withKernels('wasm/fast');
    expect(() => bestEngine({ onFallback })).toThrow(/^wasm engine: expected one of (relaxed, )?plain, received "fast"/);
  });
});

describe('with SPARSE_KERNELS=wasm', () => {
  const best = `wasm/${wasmStatus().variants[0]}`;

  it('the best engine is wasm, which is said once, with the remedy, and the native one is refused', async () => {
    const { bestEngine, nativeEngine } = await withKernels('wasm');
    const said: string[] = [];
    const onFallback = (message: string) => said.push(message);
    expect([bestEngine({ onFallback }).name, bestEngine({ onFallback }).name]).toEqual([best, best]);
    expect(said).toEqual([
      'The wasm engine is used, several times slower than the native kernels: SPARSE_KERNELS=wasm is set (unset it to use the native kernels).',
    ]);
    expect(() => nativeEngine()).toThrow(/native engine: expected compiled kernels, received "SPARSE_KERNELS=wasm is set/);
  });

  it('where there is no WebAssembly, the reference is left, and both reasons are given', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    const { bestEngine } = await withKernels('wasm');
    const said: string[] = [];
    expect(bestEngine({ onFallback: (message) => said.push(message) }).name).toBe('reference');
    expect(said).toEqual([expect.stringMatching(/^The reference engine .*\(unset it .*\); this platform has no WebAssembly\.$/)]);
  });
});

describe.skipIf(!status.available)(`native kernels${status.reason ? ` [${status.reason}]` : ''}`, () => {
  it('are listed best first, and what every processor can run is among them', () => {
    expect(status.variants.at(-1)).toBe(always);
    expect(nativeEngine().name).toBe(`native/${status.variants[0]}`);
    expect(nativeEngine({ variant: always }).name).toBe(`native/${always}`);
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'are those whose instructions the kernel says the processor has',
    () => {
      const has = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))![1]!.split(' '));
      const needs = { avx512: ['avx512f', 'avx512vl', 'avx512dq', 'avx512bw', 'avx2', 'fma'], avx2: ['avx2', 'fma'], baseline: [] };
      const expected = Object.entries(needs).filter(([, flags]) => flags.every((flag) => has.has(flag)));
      expect(status.variants).toEqual(expected.map(([variant]) => variant));
    },
  );

  it('say which addon they come from', () => {
    expect(status.path).toMatch(/[\\/](build|prebuilds)[\\/]kernels-[a-z0-9-]+\.node$/);
    expect(createRequire(import.meta.url)(status.path!)).toHaveProperty('createExecutor');
  });

  it('SPARSE_KERNELS names the variant; a name that is none is refused', async () => {
    expect((await withKernels(always)).nativeEngine().name).toBe(`native/${always}`);
    expect((await withKernels(always)).bestEngine().name).toBe(`native/${always}`);
    const { bestEngine } = await withKernels('basline');
    expect(() => bestEngine()).toThrow(/SPARSE_KERNELS: expected one of reference, wasm, .*(baseline|neon), received "basline"/);
  });

  it('an unknown variant is refused with the names of those that are there', () => {
    expect(() => nativeEngine({ variant: 'sse9' })).toThrow(SparseError);
    expect(() => nativeEngine({ variant: 'sse9' })).toThrow(/native engine: expected one of .*(baseline|neon), received "sse9"/);
  });

  it.each([0, -1, 1.5, 1025, Number.NaN])('%s threads are refused', (threads) => {
    expect(() => nativeExecutor(always, threads)).toThrow(/threads: expected a whole number from 1 to 1024/);
  });

  it('give floats that start at a multiple of 64 bytes', () => {
    const { misalignment } = addon();
    for (const count of [1, 17, 1000, 100_000]) {
      const { floats, ints } = nativeExecutor(always, 1).allocate(count, 3);
      expect([floats.length, misalignment(floats), ints]).toEqual([count, 0, new Int32Array(3)]);
      expect(floats.every((value) => value === 0)).toBe(true);
    }
  });
});

function addon() {
  return createRequire(import.meta.url)(status.path!) as Readonly<
    Record<'variants' | 'createExecutor' | 'run' | 'misalignment', (...args: unknown[]) => unknown>
  >;
}

describe.skipIf(!status.available)('the binding', () => {
  const detached = (array: Float32Array | Int32Array) => {
    structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
    return array;
  };
  /** values[k] = source[order[k]] for four numbers. */
  const ops = encode([{ op: 'pack', out: 16, source: 0, order: 0, count: 4 }]);
  const arena = () => ({ floats: Float32Array.of(5, 6, 7, 8, ...new Array(28).fill(0)), ints: Int32Array.of(3, 2, 1, 0) });

  it('runs operations', () => {
    const { createExecutor, run } = addon();
    const { floats, ints } = arena();
    run(createExecutor(0, 2), ops, floats, ints, 16, 1);
    expect([...floats.slice(16, 20)]).toEqual([8, 7, 6, 5]);
  });

  it.each<[string, (good: unknown[]) => unknown[]]>([
    ['no arguments', () => []],
    ['too few arguments', (good) => good.slice(0, 5)],
    ['something else as the executor', (good) => [{}, ...good.slice(1)]],
    ['a number as the executor', (good) => [7, ...good.slice(1)]],
    ['nothing as the executor', (good) => [undefined, ...good.slice(1)]],
    ['a list of operations', (good) => good.with(1, [...ops])],
    ['half an operation', (good) => good.with(1, ops.slice(0, 16))],
    ['operations of floats', (good) => good.with(1, Float32Array.from(ops))],
    ['floats of 64 bits', (good) => good.with(2, new Float64Array(32))],
    ['detached floats', (good) => good.with(2, detached(arena().floats))],
    ['unsigned integers', (good) => good.with(3, new Uint32Array(4))],
    ['detached integers', (good) => good.with(3, detached(arena().ints))],
    ['a text of lanes', (good) => good.with(4, '16')],
    ['lanes that are no whole vectors', (good) => good.with(4, 24)],
    ['too many lanes', (good) => good.with(4, 1 << 30)],
    ['no lanes', (good) => good.with(4, 0)],
    ['an empty batch', (good) => good.with(5, 0)],
    ['a batch of nothing', (good) => good.with(5, null)],
  ])('run refuses %s with a TypeError', (_, change) => {
    const { createExecutor, run } = addon();
    const { floats, ints } = arena();
    const good = [createExecutor(0, 1), ops, floats, ints, 16, 1];
    expect(() => run(...change(good))).toThrow(TypeError);
    expect([...floats.slice(16, 20)]).toEqual([0, 0, 0, 0]);
  });

  it.each([[[]], [[0]], [['0', 1]], [[0, 0]], [[0, 1025]], [[99, 1]], [[-1, 1]]])('createExecutor(...%j) is a TypeError', (args) => {
    expect(() => addon().createExecutor(...args)).toThrow(TypeError);
  });

  it('misalignment refuses what is no Float32Array', () => {
    for (const value of [undefined, [], new Float64Array(2), new ArrayBuffer(8)])
      expect(() => addon().misalignment(value)).toThrow(TypeError);
  });
});
