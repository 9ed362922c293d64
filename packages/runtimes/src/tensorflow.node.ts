/** TensorFlow.js on the TensorFlow that `setup tensorflow` installed: what is there, and how it is loaded. */
import { SparseError } from '@freetickets/sparse-core';
import { type PlaceOptions, runtimesFolder } from './place.node.ts';

/** What every version of TensorFlow.js has; its own types are those of `@tensorflow/tfjs-core` 4.22. */
export interface Tensorflow {
  readonly version_core: string;
  ready(): Promise<void>;
  getBackend(): string;
}

export interface TensorflowStatus {
  readonly installed: boolean;
  /** Of the installation. */
  readonly folder: string;
  /** Why it cannot be loaded, when it cannot, and the command that mends it. */
  readonly problem?: string;
  readonly remedy?: string;
}

/** Looks, and loads nothing. */
export async function tensorflowStatus(options: PlaceOptions = {}): Promise<TensorflowStatus> {
  const problem = 'TensorFlow is not installed';
  return { installed: false, folder: runtimesFolder(options), problem, remedy: 'freetickets setup tensorflow' };
}

/**
 * TensorFlow.js (tfjs-node) on the installed TensorFlow, ready, with its backend `tensorflow` chosen. On a machine with a GPU and an
 * installation for CUDA it computes there, else on the CPU. The second call gives the same module.
 *
 * @returns the module; name its type, as in `loadTensorflow<typeof import('@tensorflow/tfjs-core')>()`
 * @throws SparseError RUNTIME_UNAVAILABLE with the command that mends it
 */
export async function loadTensorflow<Module = Tensorflow>(options: PlaceOptions = {}): Promise<Module> {
  const { folder, problem, remedy } = await tensorflowStatus(options);
  throw new SparseError('RUNTIME_UNAVAILABLE', folder, 'TensorFlow', new Error(problem), `Run: ${remedy}`);
}
