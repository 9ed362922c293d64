/** TensorFlow.js on the TensorFlow that `setup tensorflow` installed: what is there, how it gets there, and how it is loaded. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import util from 'node:util';
import { CUDA_12 } from './cuda.node.ts';
import { type DriverStatus, driverStatus } from './driver.node.ts';
import { planSetup, type Setup, type SetupOptions } from './install.node.ts';
import type { PlaceOptions } from './place.node.ts';
import { preload } from './preload.node.ts';
import { type KernelRegistry, roundIntegers } from './round-integers.ts';
import { checkInstalled, type RuntimeStatus, statusOf } from './status.node.ts';

/** What every version of TensorFlow.js has; its own types are those of `@tensorflow/tfjs-core` 4.22. */
export interface Tensorflow {
  readonly version_core: string;
  ready(): Promise<void>;
  getBackend(): string;
}

export interface TensorflowStatus extends RuntimeStatus {
  /** Versions of the installation. */
  readonly tensorflow?: string;
  readonly tfjs?: string;
  /** Whether the installation is the one for CUDA; without a driver it computes on the CPU. */
  readonly cuda: boolean;
  /** Of an installation for CUDA. */
  readonly driver?: DriverStatus;
}

const COMMAND = 'freetickets setup tensorflow';

/** What `setup tensorflow` would do: `(await tensorflowSetup({ cuda: true })).run()`. */
export async function tensorflowSetup({ cuda = false, ...options }: SetupOptions & { readonly cuda?: boolean } = {}): Promise<Setup> {
  const { tensorflowRecipe } = await import('./tensorflow-recipe.node.ts'); // archive readers, which only a setup needs
  return planSetup(await tensorflowRecipe({ cuda }), options);
}

/** Looks, and loads nothing. */
export async function tensorflowStatus(options: PlaceOptions = {}): Promise<TensorflowStatus> {
  const { installation, status } = await statusOf('tensorflow', CUDA_12, COMMAND, options);
  if (installation === undefined) return { ...status, cuda: false };
  const { tensorflow, tfjs, cuda } = installation.about;
  const known = { ...status, tensorflow: String(tensorflow), tfjs: String(tfjs), cuda: cuda === true };
  if (!known.cuda || !known.installed) return known;
  const driver = await driverStatus(12);
  const { problem, remedy } = driver;
  if (problem === undefined || remedy === undefined) return { ...known, driver };
  return { ...known, driver, problem: `TensorFlow computes on the CPU: ${problem}`, remedy };
}

let loaded: { readonly folder: string; readonly module: Tensorflow } | undefined;

/**
 * TensorFlow.js (tfjs-node) on the installed TensorFlow, ready, with its backend `tensorflow` chosen. On a machine with a GPU and an
 * installation for CUDA it computes there, else on the CPU. The second call gives the same module.
 *
 * @returns the module; name its type, as in `loadTensorflow<typeof import('@tensorflow/tfjs-core')>()`
 * @throws SparseError RUNTIME_UNAVAILABLE with the command that mends it
 */
export async function loadTensorflow<Module = Tensorflow>(options: PlaceOptions = {}): Promise<Module> {
  const installation = checkInstalled('tensorflow', await statusOf('tensorflow', CUDA_12, COMMAND, options));
  const { folder } = installation;
  if (loaded?.folder !== folder) {
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
    // Without a driver TensorFlow asks for none of them, and they take some 270 MB of memory.
    if ((await driverStatus(12)).library !== undefined) preload(installation.preload.map((path) => resolve(folder, path)));
    fillGapsOfUtil();
    const module = createRequire(join(folder, 'load.cjs'))('@tensorflow/tfjs-node-gpu') as Tensorflow & KernelRegistry;
    roundIntegers(module);
    await module.ready();
    loaded = { folder, module };
  }
  return loaded.module as Module;
}

/** Node 23 took away functions that tfjs-node 4.22 calls. */
function fillGapsOfUtil(): void {
  const old = util as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
  old.isNullOrUndefined ??= (value) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}
