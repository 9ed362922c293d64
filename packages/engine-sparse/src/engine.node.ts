/** The engines of this package. */
import type { Engine } from '@freetickets/sparse-core';
import { nativeExecutor, nativeStatus } from './native.node.ts';
import { referenceExecutor } from './reference.ts';
import { openSession } from './session.ts';

const SIGNALS = new Set(['gradient'] as const);

/** Plain TypeScript: slow and obvious, runs anywhere. */
export function referenceEngine(): Engine {
  return {
    name: 'reference',
    signals: SIGNALS,
    open: async (net, state, options) => openSession(referenceExecutor(), net, state, options),
  };
}

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
 * The fastest engine that runs here. Falling back to the reference is said once, with the remedy.
 * @param options.onFallback where to say it; default: a process warning
 */
export function bestEngine(options: { readonly onFallback?: (message: string) => void } = {}): Engine {
  const status = nativeStatus();
  if (status.available) return nativeEngine();
  const say = options.onFallback ?? ((message: string) => process.emitWarning(message, 'FreeTicketsWarning'));
  if (!warned) say(`The reference engine is used, many times slower than the native kernels: ${status.reason}.`);
  warned = true;
  return referenceEngine();
}
