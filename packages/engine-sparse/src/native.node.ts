/** Finds and loads the compiled kernels. Nothing is downloaded or built here; each failed attempt keeps its reason. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SparseError } from '@freetickets/sparse-core';
import { encode } from './ops.ts';
import type { Executor } from './session.ts';

interface Addon {
  /** Digest of the c/ops.h that it was compiled with. */
  readonly layout: string;
  variants(): string[];
  createExecutor(variant: number, threads: number): object;
  run(executor: object, ops: Int32Array, floats: Float32Array, ints: Int32Array, lanes: number, batch: number): void;
  misalignment(floats: Float32Array): number;
}

export interface NativeStatus {
  readonly available: boolean;
  /** Instruction sets this processor can run, best first. */
  readonly variants: readonly string[];
  /** Why not, if not, and what would help. */
  readonly reason?: string;
}

let loaded: { readonly addon?: Addon; readonly reason?: string } | undefined;

function load(): { readonly addon?: Addon; readonly reason?: string } {
  if (process.env.SPARSE_KERNELS === 'reference') return { reason: 'SPARSE_KERNELS=reference is set (unset it to use the native kernels)' };
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return { reason: `there are no kernels for ${platform}: they need POSIX threads` };
  const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  const path = here(`build/kernels-${platform}.node`);
  const remedy = `have a C compiler (cc, gcc or clang) and run: node ${here('scripts/build-native.mjs')}`;
  if (!existsSync(path)) return { reason: `no kernels were built for ${platform} (to build them, ${remedy})` };
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    const layout = createHash('sha256')
      .update(readFileSync(here('c/ops.h')))
      .digest('hex')
      .slice(0, 16);
    if (addon.layout !== layout) return { reason: `${path} was built from other sources (to build it again, ${remedy})` };
    return { addon };
  } catch (error) {
    return { reason: `${path} does not load: ${(error as Error).message} (to build it again, delete it, ${remedy})` };
  }
}

/** What the native kernels can do on this machine. */
export function nativeStatus(): NativeStatus {
  loaded ??= load();
  const { addon, reason } = loaded;
  if (!addon) return { available: false, variants: [], reason: reason! };
  return { available: true, variants: addon.variants() };
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
    const [at, known] = variant === undefined ? ['SPARSE_KERNELS', ['reference', ...variants]] : ['native engine', variants];
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
    allocate(floats) {
      const roomy = new Float32Array(floats + 16);
      const shift = (64 - addon.misalignment(roomy)) % 64;
      return roomy.subarray(shift / 4, shift / 4 + floats);
    },
    compile: encode,
    run: (ops, floats, ints, lanes, batch) => addon.run(pool, ops, floats, ints, lanes, batch),
  };
}
