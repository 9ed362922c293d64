/** onnxruntime-node, on CUDA where `setup onnxruntime-cuda` installed it: what is there, and how it is loaded. */
import { SparseError } from '@freetickets/sparse-core';
import { type PlaceOptions, runtimesFolder } from './place.node.ts';

/** What every version of onnxruntime-node has; its own types are those of `onnxruntime-node` 1.30. */
export interface Onnxruntime {
  readonly InferenceSession: unknown;
  readonly Tensor: unknown;
}

export interface LoadOnnxruntimeOptions extends PlaceOptions {
  /** The installation with the provider `cuda`, or an error. Default: false, the `onnxruntime-node` that is installed beside this package. */
  readonly cuda?: boolean;
}

export interface OnnxruntimeStatus {
  /** Whether the provider for CUDA is installed. */
  readonly installed: boolean;
  /** Of the installation. */
  readonly folder: string;
  /** Why CUDA cannot be used, when it cannot, and what mends it. */
  readonly problem?: string;
  readonly remedy?: string;
}

/** Looks for what CUDA needs (installation, libraries, driver), and loads nothing. */
export async function onnxruntimeStatus(options: PlaceOptions = {}): Promise<OnnxruntimeStatus> {
  const problem = 'the CUDA provider of onnxruntime is not installed';
  return { installed: false, folder: runtimesFolder(options), problem, remedy: 'freetickets setup onnxruntime-cuda' };
}

/**
 * onnxruntime-node with its telemetry off. With `cuda` a session may ask for `executionProviders: ['cuda']`.
 *
 * @returns the module; name its type, as in `loadOnnxruntime<typeof import('onnxruntime-node')>({ cuda: true })`
 * @throws SparseError RUNTIME_UNAVAILABLE with what is missing and the command that mends it
 */
export async function loadOnnxruntime<Module = Onnxruntime>({ cuda = false, ...options }: LoadOnnxruntimeOptions = {}): Promise<Module> {
  // Read by onnxruntime while it loads; without it, it keeps a device id and an event queue in the user's cache folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  if (!cuda) return (await import('onnxruntime-node')) as Module;
  const { folder, problem, remedy } = await onnxruntimeStatus(options);
  throw new SparseError('RUNTIME_UNAVAILABLE', folder, 'onnxruntime with CUDA', new Error(problem), `Run: ${remedy}`);
}
