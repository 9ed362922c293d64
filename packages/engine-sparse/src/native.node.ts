/** The executor of the compiled kernels: which instruction set, how many threads. addon.node.ts finds them. */
import { availableParallelism } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import { type Addon, type Found, findAddon } from './addon.node.ts';
import { encode } from './encode.ts';
import type { Executor } from './session.ts';

export interface NativeStatus {
  readonly available: boolean;
  /** Instruction sets this processor can run, best first. */
  readonly variants: readonly string[];
  /** The addon that was loaded: a prebuilt one, or the one built on this machine. */
  readonly path?: string;
  /** If not available: why, and what would help. If available: why an addon that would have come first was not taken. */
  readonly reason?: string;
}

let loaded: Found | undefined;

function load(): Found {
  const wanted = process.env.SPARSE_KERNELS;
  if (wanted !== undefined && /^(reference|wasm(\/.*)?)$/.test(wanted))
    return { failed: [`SPARSE_KERNELS=${wanted} is set (unset it to use the native kernels)`] };
  return findAddon();
}

/** What the native kernels can do on this machine. */
export function nativeStatus(): NativeStatus {
  loaded ??= load();
  const reason = loaded.failed.length === 0 ? {} : { reason: loaded.failed.join('; ') };
  if (!loaded.addon) return { available: false, variants: [], ...reason };
  return { available: true, variants: loaded.addon.variants(), path: loaded.path, ...reason };
}

const executors = new Map<string, Executor<Int32Array>>();

/**
 * The executor of an instruction set with a pool of threads; made once for each pair and shared by all sessions, which run one at a time.
 * @param variant default: what the environment variable SPARSE_KERNELS says, else the best that this processor can run
 * @param threads default: the processors this process may use
 * @throws SparseError KERNELS_UNAVAILABLE
 */
export function nativeExecutor(variant?: string, threads = availableParallelism()): Executor<Int32Array> {
  const { available, variants, reason } = nativeStatus();
  if (!available) throw new SparseError('KERNELS_UNAVAILABLE', 'native engine', 'compiled kernels', reason);
  const name = variant ?? (process.env.SPARSE_KERNELS || variants[0]!);
  if (!variants.includes(name)) {
    const [at, known] = variant === undefined ? ['SPARSE_KERNELS', ['reference', 'wasm', ...variants]] : ['native engine', variants];
    throw new SparseError('KERNELS_UNAVAILABLE', at, `one of ${known.join(', ')}`, name);
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw new SparseError('INVALID_ARGUMENT', 'threads', 'a whole number from 1 to 1024', threads);
  const key = `${name}/${threads}`;
  const executor = executors.get(key) ?? makeExecutor(loaded!.addon!, name, variants.indexOf(name), threads);
  executors.set(key, executor);
  return executor;
}

function makeExecutor(addon: Addon, name: string, index: number, threads: number): Executor<Int32Array> {
  const pool = addon.createExecutor(index, threads);
  return {
    name: `native/${name}`,
    allocate(floats, ints) {
      const roomy = new Float32Array(floats + 16);
      const shift = (64 - addon.misalignment(roomy)) % 64;
      return { floats: roomy.subarray(shift / 4, shift / 4 + floats), ints: new Int32Array(ints) };
    },
    compile: encode,
    run: (ops, floats, ints, lanes, batch) => addon.run(pool, ops, floats, ints, lanes, batch),
  };
}
