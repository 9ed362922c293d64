/** The choice between the engines of this package as a browser has it: there is nothing native there. */
import type { Engine } from '@freetickets/sparse-core';
import { referenceEngine, wasmEngine } from './engines.ts';
import { wasmStatus } from './wasm.ts';

let warned = false;

/**
 * The fastest engine that runs here: WebAssembly, else the reference. Falling back is said once.
 * @param options.onFallback where to say it; default: the console
 */
export function bestEngine(options: { readonly onFallback?: (message: string) => void } = {}): Engine {
  const { available, reason } = wasmStatus();
  if (available) return wasmEngine();
  const say = options.onFallback ?? console.warn;
  if (!warned) say(`The reference engine is used, many times slower than the wasm engine: ${reason}.`);
  warned = true;
  return referenceEngine();
}
