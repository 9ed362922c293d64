/**
 * The executors of the kernels compiled to WebAssembly: one thread, 128-bit vectors, wherever JavaScript runs. Each session has an instance
 * with a memory of its own, which holds the stack, a window for operations, then the arena. scripts/build-wasm.mjs compiles the kernels,
 * once for each variant.
 */
import { SparseError } from '@freetickets/sparse-core';
import { encode, FIELDS } from './encode.ts';
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
  /** What runs here, best first: `relaxed` has fused multiply-adds (relaxed SIMD), `plain` runs wherever there is SIMD. */
  readonly variants: readonly string[];
  /** Why not, if not available. */
  readonly reason?: string;
}

/** A variant's kernels, and the smallest module that only runs where they do. */
interface Variant {
  readonly probe: readonly number[];
  load(): Promise<{ readonly kernels: string }>;
}

/** `(module (func (result v128) <code>))`; sections of code this short have lengths of one byte. */
const probe = (code: readonly number[]): number[] => {
  const body = [code.length + 2, 0, ...code, 11];
  return [...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0], 10, body.length + 1, 1, ...body];
};
/** `i32.const 0 i8x16.splat`: a vector. */
const VECTOR = [65, 0, 253, 15];
/** `f32x4.relaxed_madd`. */
const RELAXED_MADD = [253, 133, 2];

// The imports of the package that are no TypeScript: the paths are the same from src and from dist.
const VARIANTS = new Map<string, Variant>([
  ['relaxed', { probe: probe([...VECTOR, ...VECTOR, ...VECTOR, ...RELAXED_MADD]), load: () => import('../wasm/relaxed.js') }],
  ['plain', { probe: probe(VECTOR), load: () => import('../wasm/plain.js') }],
]);

/** Whether this platform runs WebAssembly with SIMD, and which variants of the kernels. */
export function wasmStatus(): WasmStatus {
  const refused = (reason: string): WasmStatus => ({ available: false, variants: [], reason });
  if (typeof WebAssembly === 'undefined') return refused('this platform has no WebAssembly');
  const { validate } = WebAssembly;
  const variants = [...VARIANTS].filter(([, variant]) => validate(Uint8Array.from(variant.probe))).map(([name]) => name);
  return variants.length === 0 ? refused('its WebAssembly has no SIMD') : { available: true, variants };
}

/**
 * The variant that is meant: by default the best that runs here.
 * @throws SparseError KERNELS_UNAVAILABLE
 */
export function wasmVariant(wanted?: string): string {
  const { variants, reason } = wasmStatus();
  if (reason !== undefined) throw new SparseError('KERNELS_UNAVAILABLE', 'wasm engine', 'WebAssembly with SIMD', reason);
  const name = wanted ?? variants[0]!;
  if (!variants.includes(name)) throw new SparseError('KERNELS_UNAVAILABLE', 'wasm engine', `one of ${variants.join(', ')}`, name);
  return name;
}

const executors = new Map<string, Promise<Executor<Int32Array>>>();

/**
 * The executor of a variant, made once and shared by all sessions. The kernels are loaded and compiled when they are first asked for.
 * @throws SparseError KERNELS_UNAVAILABLE
 */
export async function wasmExecutor(variant?: string): Promise<Executor<Int32Array>> {
  const name = wasmVariant(variant);
  const executor = executors.get(name) ?? loadKernels(VARIANTS.get(name)!).then((module) => makeExecutor(name, module));
  executors.set(name, executor);
  return executor;
}

async function loadKernels({ load }: Variant): Promise<Module> {
  const unavailable = (reason: unknown, hint: string) =>
    new SparseError('KERNELS_UNAVAILABLE', 'wasm engine', 'compiled kernels', reason, hint);
  const { kernels } = await load().catch(() => {
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

function makeExecutor(variant: string, module: Module): Executor<Int32Array> {
  const sessions = new WeakMap<ArrayBufferLike, { readonly run: Instance['exports']['run']; readonly window: Int32Array }>();
  return {
    name: `wasm/${variant}`,
    rowTiles: true,
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
