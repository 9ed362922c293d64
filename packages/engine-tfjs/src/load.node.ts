/** Finds TensorFlow.js among the installed packages, the fastest backend first. Nothing of it is loaded before it is asked for. */
import { SparseError } from '@freetickets/sparse-core';
import type { Tensorflow } from './tensorflow.ts';
import type { TensorflowModule } from './tensorflow-module.ts';

/** Packages that give a backend, and how it is called. The first two are TensorFlow itself, on a GPU and on the processor. */
const PACKAGES = [
  ['tensorflow', '@tensorflow/tfjs-node-gpu'],
  ['tensorflow', '@tensorflow/tfjs-node'],
  ['wasm', '@tensorflow/tfjs-backend-wasm'],
  ['cpu', '@tensorflow/tfjs-backend-cpu'],
] as const;

export const BACKENDS = ['tensorflow', 'wasm', 'cpu'] as const;
export type Backend = (typeof BACKENDS)[number];

/**
 * TensorFlow.js with a backend, ready.
 * @param wanted default: the first of `BACKENDS` that is installed
 * @throws SparseError KERNELS_UNAVAILABLE with what would mend it
 */
export async function loadTfjs(wanted?: Backend): Promise<TensorflowModule> {
  const reasons: string[] = [];
  for (const [backend, name] of PACKAGES.filter(([backend]) => wanted === undefined || backend === wanted)) {
    try {
      return await loadBackend(backend, name);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      reasons.push(code === 'ERR_MODULE_NOT_FOUND' ? `no package ${name}` : `${name}: ${message.split('\n')[0]}`);
    }
  }
  const hint =
    wanted === 'tensorflow'
      ? 'Run: freetickets setup tensorflow'
      : `Run: npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-${wanted ?? 'wasm'}, or freetickets setup tensorflow`;
  throw new SparseError(
    'KERNELS_UNAVAILABLE',
    'TensorFlow.js',
    `the backend ${wanted ?? BACKENDS.join(', ')}`,
    new Error(reasons.join(', ')),
    hint,
  );
}

async function loadBackend(backend: Backend, name: string): Promise<TensorflowModule> {
  // TensorFlow's package contains the core; the others bring only themselves.
  const own = await contentOf(name);
  const tf = (own.setBackend ? own : await contentOf('@tensorflow/tfjs-core')) as Tensorflow;
  tf.enableProdMode(); // else each backend advises another one
  if (!(await tf.setBackend(backend))) throw new Error('the backend does not start');
  return tf;
}

/** They are CommonJS, whose names an import may miss; all of them stand in `default`. */
async function contentOf(name: string): Promise<Partial<Tensorflow>> {
  const found = (await import(name)) as Partial<Tensorflow> & { readonly default?: Partial<Tensorflow> };
  return found.default ?? found;
}
