/** `freetickets doctor`: what this machine has, what is used, and what would mend what does not work or make it faster. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { bestEngine, nativeStatus, wasmStatus } from '@freetickets/engine-sparse';
import { type OnnxruntimeStatus, onnxruntimeStatus, type TensorflowStatus, tensorflowStatus } from '@freetickets/runtimes';
import { type CacheUse, cacheUse } from '../cache-use.ts';
import { processorFeatures } from '../processor-features.ts';
import { VERSION } from '../version.ts';

export interface Problem {
  readonly problem: string;
  /** The one command, or the one thing to do, that mends it. */
  readonly remedy: string;
}

export interface Diagnosis {
  readonly freetickets: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  /** Instruction sets that matter for speed; empty where the system does not say. */
  readonly features: readonly string[];
  /** That this process may use. */
  readonly processors: number;
  readonly memoryBytes: number;
  readonly engine: string;
  readonly native: { readonly available: boolean; readonly variants: readonly string[]; readonly reason?: string };
  /** What runs where the native kernels do not. */
  readonly wasm: { readonly available: boolean; readonly reason?: string };
  /** Native parts of dependencies: which is needed for what, and whether it loads here. */
  readonly libraries: readonly Library[];
  readonly tensorflow: TensorflowStatus;
  readonly onnxruntimeCuda: OnnxruntimeStatus;
  readonly cache: CacheUse;
  readonly problems: readonly Problem[];
}

interface Library {
  readonly name: string;
  readonly needs: string;
  /** Of onnxruntime: what it can compute on as it is installed. */
  readonly providers?: readonly string[];
  /** Why it does not load, if it does not. */
  readonly problem?: string;
}

const LIBRARIES = [
  { name: 'onnxruntime-node', of: '@freetickets/inference', needs: 'predict, serve and demo' },
  { name: 'sharp', of: '@freetickets/datasets', needs: 'image folders and predict' },
];

/** Less than a decoded CIFAR-10 and a few checkpoints. */
const LITTLE_SPACE = 1e9;

export async function diagnose(): Promise<Diagnosis> {
  const found = {
    freetickets: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    features: processorFeatures(),
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    engine: bestEngine({ onFallback: () => {} }).name,
    native: nativeStatus(),
    wasm: wasmStatus(),
    libraries: LIBRARIES.map(({ name, of, needs }) => ({ name, needs, ...loading(name, of) })),
    tensorflow: await tensorflowStatus(),
    onnxruntimeCuda: await onnxruntimeStatus(),
    cache: await cacheUse(),
  };
  return { ...found, problems: problemsOf(found) };
}

/** A runtime that nobody has installed is no problem; one that is installed and cannot be used is. */
function problemsOf({ native, libraries, tensorflow, onnxruntimeCuda, cache }: Omit<Diagnosis, 'problems'>): Problem[] {
  const problems: Problem[] = [];
  if (!native.available) problems.push({ problem: `training is slow: ${native.reason}`, remedy: remedyOfNative() });
  for (const { name, needs, problem } of libraries)
    if (problem !== undefined)
      problems.push({
        problem: `${needs} do not work: ${name} does not load (${problem})`,
        remedy: `npm install --include=optional ${name}`,
      });
  for (const { present, problem, remedy } of [tensorflow, onnxruntimeCuda])
    if (present && problem !== undefined && remedy !== undefined) problems.push({ problem, remedy });
  if (cache.freeBytes !== undefined && cache.freeBytes < LITTLE_SPACE)
    problems.push({
      problem: `${cache.folder} has ${(cache.freeBytes / 1e6).toFixed(0)} MB of free disk space`,
      remedy: 'export FREETICKETS_CACHE=a folder on another disk',
    });
  return problems;
}

function remedyOfNative(): string {
  if (process.env.SPARSE_KERNELS) return 'unset SPARSE_KERNELS';
  const engine = createRequire(import.meta.url).resolve('@freetickets/engine-sparse');
  return `node ${join(dirname(engine), '../scripts/build-native.mjs')}`;
}

/** Whether package `name` loads where package `of` finds it. */
function loading(name: string, of: string): Pick<Library, 'problem' | 'providers'> {
  // onnxruntime would otherwise keep a device id in the user's cache folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  try {
    const module = createRequire(createRequire(import.meta.url).resolve(of))(name) as {
      listSupportedBackends?: () => { name: string; bundled: boolean }[];
    };
    const providers = module.listSupportedBackends?.().flatMap((backend) => (backend.bundled ? [backend.name] : []));
    return providers === undefined ? {} : { providers };
  } catch (error) {
    return { problem: (error as Error).message.trim().split('\n', 1)[0]! };
  }
}
