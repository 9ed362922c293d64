import { type Engine, SparseError } from '@freetickets/sparse-core';
import { openSession } from './session.ts';
import type { Tensorflow } from './tensorflow.ts';
import type { TensorflowModule } from './tensorflow-module.ts';

/**
 * Sparse networks as dense ones with masks, on the backend that `tf` has chosen. It does the whole work of a dense network, and is for
 * where that is fast: a GPU. Threads are the backend's business.
 * @param tf the module of `@tensorflow/tfjs-core`, or one that contains it, with a backend
 * @throws SparseError KERNELS_UNAVAILABLE when there is no backend
 */
export function tfjsEngine(tf: TensorflowModule): Engine {
  const backend = tf.getBackend();
  if (!backend)
    throw new SparseError('KERNELS_UNAVAILABLE', 'TensorFlow.js', 'a backend', 'none', 'Import one and await setBackend() before');
  return {
    name: `tfjs/${backend}`,
    signals: new Set(['gradient'] as const),
    deadMomentum: true,
    open: async (net, state, options) => openSession(tf as Tensorflow, net, state, options),
  };
}
