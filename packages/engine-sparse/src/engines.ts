/** The engines that run wherever JavaScript does, in Node as in a browser. */
import { type Engine, SparseError } from '@freetickets/sparse-core';
import { referenceExecutor } from './reference.ts';
import { openSession } from './session.ts';
import { wasmExecutor, wasmStatus } from './wasm.ts';

export const SIGNALS = new Set(['gradient'] as const);

/** Plain TypeScript: slow and obvious, runs anywhere. */
export function referenceEngine(): Engine {
  return {
    name: 'reference',
    signals: SIGNALS,
    open: async (net, state, options) => openSession(referenceExecutor(), net, state, options),
  };
}

/**
 * The kernels in WebAssembly with SIMD: for browsers, and for machines without a compiler or a prebuilt addon. One thread, whatever a
 * session asks for. A session's plan may take up to 4 GiB.
 * @throws SparseError KERNELS_UNAVAILABLE where WebAssembly or its SIMD is missing
 */
export function wasmEngine(): Engine {
  const { available, reason } = wasmStatus();
  if (!available) throw new SparseError('KERNELS_UNAVAILABLE', 'wasm engine', 'WebAssembly with SIMD', reason);
  return {
    name: 'wasm',
    signals: SIGNALS,
    open: async (net, state, options) => openSession(await wasmExecutor(), net, state, options),
  };
}
