/** The engines that run wherever JavaScript does, in Node as in a browser. */
import type { Engine } from '@freetickets/sparse-core';
import { referenceExecutor } from './reference.ts';
import { openSession } from './session.ts';
import { wasmExecutor, wasmVariant } from './wasm.ts';

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
 * @param options.variant one of `wasmStatus().variants`; default: the first of them. They differ by rounding
 * @throws SparseError KERNELS_UNAVAILABLE where WebAssembly, its SIMD or the variant is missing
 */
export function wasmEngine(options: { readonly variant?: string | undefined } = {}): Engine {
  const variant = wasmVariant(options.variant);
  return {
    name: `wasm/${variant}`,
    signals: SIGNALS,
    open: async (net, state, open) => openSession(await wasmExecutor(variant), net, state, open),
  };
}
