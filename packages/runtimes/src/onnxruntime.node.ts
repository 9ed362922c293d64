/** onnxruntime-node, on CUDA where `setup onnxruntime-cuda` installed it: what is there, how it gets there, and how it is loaded. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { CUDA_13 } from './cuda.node.ts';
import { checkDriver, type DriverStatus, driverStatus } from './driver.node.ts';
import { planSetup, type Setup, type SetupOptions } from './install.node.ts';
import type { PlaceOptions } from './place.node.ts';
import { preload } from './preload.node.ts';
import { checkInstalled, type RuntimeStatus, statusOf } from './status.node.ts';

/** What every version of onnxruntime-node has; its own types are those of `onnxruntime-node` 1.30. */
export interface Onnxruntime {
  readonly InferenceSession: unknown;
  readonly Tensor: unknown;
}

export interface LoadOnnxruntimeOptions extends PlaceOptions {
  /** The installation with the provider `cuda`, or an error. Default: false, the `onnxruntime-node` that is installed beside this package. */
  readonly cuda?: boolean;
}

export interface OnnxruntimeStatus extends RuntimeStatus {
  /** Version of the installation. */
  readonly onnxruntime?: string;
  readonly driver: DriverStatus;
}

const COMMAND = 'freetickets setup onnxruntime-cuda';

/** What `setup onnxruntime-cuda` would do: `(await onnxruntimeCudaSetup()).run()`. */
export async function onnxruntimeCudaSetup(options: SetupOptions = {}): Promise<Setup> {
  const { onnxruntimeRecipe } = await import('./onnxruntime-recipe.node.ts'); // archive readers, which only a setup needs
  return planSetup(await onnxruntimeRecipe(), options);
}

/** Looks for what CUDA needs (installation, libraries, driver), and loads nothing. */
export async function onnxruntimeStatus(options: PlaceOptions = {}): Promise<OnnxruntimeStatus> {
  const { installation, status } = await statusOf('onnxruntime-cuda', CUDA_13, COMMAND, options);
  const driver = await driverStatus(13);
  if (installation === undefined) return { ...status, driver };
  const known = { ...status, onnxruntime: String(installation.about.onnxruntime), driver };
  const { problem, remedy } = driver;
  return status.installed && problem !== undefined && remedy !== undefined ? { ...known, problem, remedy } : known;
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
  if (!cuda) return withBitPatterns((await import('onnxruntime-node')) as Module);
  const installation = checkInstalled('onnxruntime-cuda', await statusOf('onnxruntime-cuda', CUDA_13, COMMAND, options));
  const { folder } = installation;
  checkDriver('onnxruntime-cuda', 13, await driverStatus(13));
  await refuseSecond(folder);
  preload(installation.preload.map((path) => resolve(folder, path)));
  return withBitPatterns(createRequire(join(folder, 'load.cjs'))('onnxruntime-node') as Module);
}

/**
 * onnxruntime-node 1.30 reads nothing out of a Float16Array, which Node 24 has. Where there is none as its first tensor is made, float16 goes in
 * and out as bit patterns, on every Node.
 */
function withBitPatterns<Module>(module: Module): Module {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  if (own === undefined) return module;
  const { Tensor } = module as { readonly Tensor: new (type: string, data: readonly boolean[], dims: readonly number[]) => unknown };
  delete (globalThis as { Float16Array?: unknown }).Float16Array;
  try {
    new Tensor('bool', [true], [1]);
  } finally {
    Object.defineProperty(globalThis, 'Float16Array', own);
  }
  return module;
}

/** A process has one libonnxruntime.so.1: a second binding would get the first one's, which looks for providers in another folder. */
async function refuseSecond(folder: string): Promise<void> {
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  const other = maps.split('\n').find((line) => line.includes('/libonnxruntime.so') && !line.includes(folder));
  if (other === undefined) return;
  const path = other.slice(other.indexOf('/'));
  const hint = 'Load onnxruntime with CUDA first, or in a process of its own';
  throw new SparseError('RUNTIME_UNAVAILABLE', folder, 'a process without another onnxruntime', new Error(path), hint);
}
