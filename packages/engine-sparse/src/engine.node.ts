/** The engines of this package as Node has them: those that run anywhere (engines.ts), the native one, and the choice between them. */
import type { Engine } from '@freetickets/sparse-core';
import { referenceEngine, SIGNALS, wasmEngine } from './engines.ts';
import { nativeExecutor, nativeStatus } from './native.node.ts';
import { openSession } from './session.ts';
import { type WasmStatus, wasmStatus } from './wasm.ts';

/**
 * The compiled kernels: multi-threaded, the best instruction set of this processor unless `variant` names another.
 * The same bits come out for any number of threads.
 * @throws SparseError KERNELS_UNAVAILABLE when they were not built or cannot run here; the message says what would help
 */
export function nativeEngine(options: { readonly variant?: string } = {}): Engine {
  const { name } = nativeExecutor(options.variant, 1);
  return {
    name,
    signals: SIGNALS,
    open: async (net, state, open) => openSession(nativeExecutor(options.variant, open.threads), net, state, open),
  };
}

let warned = false;

/**
 * The fastest engine that runs here: native, else WebAssembly, else the reference. Falling back is said once, with the remedy.
 * @param options.onFallback where to say it; default: a process warning
 */
export function bestEngine(options: { readonly onFallback?: (message: string) => void } = {}): Engine {
  const native = nativeStatus();
  if (native.available) return nativeEngine();
  const wanted = process.env.SPARSE_KERNELS;
  const wasm: WasmStatus = wanted === 'reference' ? { available: false, variants: [] } : wasmStatus();
  const say = options.onFallback ?? ((message: string) => process.emitWarning(message, 'FreeTicketsWarning'));
  const used = wasm.available ? 'The wasm engine is used, several' : 'The reference engine is used, many';
  const reasons = [native.reason, wasm.reason].filter((reason) => reason !== undefined);
  if (!warned) say(`${used} times slower than the native kernels: ${reasons.join('; ')}.`);
  warned = true;
  return wasm.available ? wasmEngine({ variant: /^wasm\/(.*)/.exec(wanted ?? '')?.[1] }) : referenceEngine();
}
