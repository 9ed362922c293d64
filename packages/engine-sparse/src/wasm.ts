/**
 * The executor of the kernels compiled to WebAssembly: one thread, 128-bit vectors, wherever JavaScript runs. Each session has an instance
 * with a memory of its own, which holds the stack, a window for operations, then the arena. scripts/build-wasm.mjs compiles the kernels.
 */
import { SparseError } from '@freetickets/sparse-core';
import { encode, FIELDS } from './ops.ts';
import type { Executor } from './session.ts';

interface Instance {
  readonly exports: {
    readonly __heap_base: { readonly value: number };
    readonly run: (ops: number, count: number, floats: number, ints: number, lanes: number, batch: number) => void;
  };
}
type Module = { readonly brand: 'WebAssembly.Module' };
type Memory = { readonly buffer: ArrayBuffer };

/** What is used here of what every platform has: the types of Node lack it, and the library that has them brings a browser's whole DOM. */
declare const WebAssembly:
  | {
      validate(bytes: Uint8Array): boolean;
      compile(bytes: Uint8Array): Promise<Module>;
      readonly Memory: new (pages: { initial: number; maximum: number }) => Memory;
      readonly Instance: new (module: Module, imports: { env: { memory: Memory }; Math: Math }) => Instance;
    }
  | undefined;

export interface WasmStatus {
  readonly available: boolean;
  /** Why not, if not. */
  readonly reason?: string;
}

/** The smallest module with a vector in it: `(module (func (result v128) i32.const 0 i8x16.splat))`. */
const SIMD_MODULE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];

/** Whether this platform runs WebAssembly with SIMD. */
export function wasmStatus(): WasmStatus {
  if (typeof WebAssembly === 'undefined') return { available: false, reason: 'this platform has no WebAssembly' };
  if (!WebAssembly.validate(Uint8Array.from(SIMD_MODULE))) return { available: false, reason: 'its WebAssembly has no SIMD' };
  return { available: true };
}

let executor: Promise<Executor<Int32Array>> | undefined;

/**
 * The executor, made once and shared by all sessions. The kernels are loaded and compiled when they are first asked for.
 * @throws SparseError KERNELS_UNAVAILABLE
 */
export function wasmExecutor(): Promise<Executor<Int32Array>> {
  executor ??= loadKernels().then(makeExecutor);
  return executor;
}

async function loadKernels(): Promise<Module> {
  const unavailable = (reason: unknown, hint?: string) =>
    new SparseError('KERNELS_UNAVAILABLE', 'wasm engine', 'compiled kernels', reason, hint);
  const { available, reason } = wasmStatus();
  if (!available) throw unavailable(reason);
  // The one import of the package that is no TypeScript: the path is the same from src and from dist.
  const { kernels } = await import('../wasm/kernels.js').catch(() => {
    throw unavailable('none', 'They are built by: node scripts/build-wasm.mjs');
  });
  const bytes = Uint8Array.from(atob(kernels), (character) => character.charCodeAt(0));
  return WebAssembly!.compile(bytes).catch((error: Error) => {
    throw unavailable(error.message, "A page with a Content-Security-Policy must allow 'wasm-unsafe-eval'");
  });
}

const PAGE_BYTES = 65536;
/** Pointers have 32 bits. */
const MOST_PAGES = 65536;
/** For the stack, one page, and the kernels' constants. */
const OWN_PAGES = 2;
/** Integers of the window through which operations reach the kernels, a part of a program at a time. */
const WINDOW = 256 * FIELDS;

function makeExecutor(module: Module): Executor<Int32Array> {
  const sessions = new WeakMap<ArrayBufferLike, { readonly run: Instance['exports']['run']; readonly window: Int32Array }>();
  return {
    name: 'wasm',
    allocate(floatCount, intCount) {
      const memory = makeMemory(4 * (WINDOW + floatCount + intCount));
      const { run, __heap_base } = new WebAssembly!.Instance(module, { env: { memory }, Math }).exports;
      const window = new Int32Array(memory.buffer, aligned(__heap_base.value), WINDOW);
      const floats = new Float32Array(memory.buffer, window.byteOffset + window.byteLength, floatCount);
      const ints = new Int32Array(memory.buffer, floats.byteOffset + floats.byteLength, intCount);
      sessions.set(memory.buffer, { run, window });
      return { floats, ints };
    },
    compile: encode,
    run(program, floats, ints, lanes, batch) {
      const { run, window } = sessions.get(floats.buffer)!;
      for (let start = 0; start < program.length; start += WINDOW) {
        const part = program.subarray(start, start + WINDOW);
        window.set(part);
        run(window.byteOffset, part.length / FIELDS, floats.byteOffset, ints.byteOffset, lanes, batch);
      }
    },
  };
}

/** The next multiple of 64 bytes. */
const aligned = (address: number): number => Math.ceil(address / 64) * 64;

/** Zeros: room for what the kernels need themselves, and `bytes` more. */
function makeMemory(bytes: number): Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES) + OWN_PAGES;
  const size = `${(pages / 2 ** 14).toFixed(1)} GiB`;
  if (pages > MOST_PAGES)
    throw new SparseError(
      'INVALID_ARGUMENT',
      'batchSize',
      'a plan of at most 4 GiB for the wasm engine',
      size,
      'Use smaller batches, or the native engine',
    );
  try {
    return new WebAssembly!.Memory({ initial: pages, maximum: pages });
  } catch {
    throw new SparseError('INVALID_ARGUMENT', 'batchSize', 'a plan that fits into the memory of this machine', size, 'Use smaller batches');
  }
}
