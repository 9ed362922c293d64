import { availableParallelism } from 'node:os';
import { bestEngine, nativeEngine, referenceEngine, wasmEngine } from '@freetickets/engine-sparse';
import { tfjsEngine } from '@freetickets/engine-tfjs';
import { type Backend, loadTfjs } from '@freetickets/engine-tfjs/node';
import { loadTensorflow, tensorflowStatus } from '@freetickets/runtimes';
import type { Engine } from '@freetickets/sparse-core';
import type { Experiment } from './experiment-fields.ts';

/** An engine and how many threads it may use, as `engine.open` takes them. */
export interface Computing {
  readonly engine: Engine;
  readonly threads?: number;
}

type Wanted<Name> = { readonly engine: Name; readonly threads: number | undefined };

/** @throws SparseError KERNELS_UNAVAILABLE for an engine that does not run here */
export async function computingFor({ engine, threads }: Wanted<Experiment['engine']>, say: (line: string) => void): Promise<Computing> {
  const [kind, backend] = engine.split('/') as ['tfjs' | SparseEngineName, Backend?];
  return kind === 'tfjs' ? { engine: await denseEngine(backend) } : sparseComputing({ engine: kind, threads }, say);
}

/** On the TensorFlow that `freetickets setup tensorflow` installed, if it did and no other backend is named; else on what npm installed. */
async function denseEngine(backend: Backend | undefined): Promise<Engine> {
  const wanted = (backend ?? 'tensorflow') === 'tensorflow';
  return tfjsEngine(wanted && (await tensorflowStatus()).installed ? await loadTensorflow() : await loadTfjs(backend));
}

const SPARSE_ENGINES = {
  auto: (say) => bestEngine({ onFallback: (message) => say(`note: ${message}`) }),
  native: () => nativeEngine(),
  wasm: () => wasmEngine(),
  reference: () => referenceEngine(),
} as const satisfies Record<string, (say: (line: string) => void) => Engine>;

export type SparseEngineName = keyof typeof SPARSE_ENGINES;

/** `auto` falls back where it must, and says so. More threads than processors only slow each other down. */
export function sparseComputing({ engine: name, threads }: Wanted<SparseEngineName>, say: (line: string) => void): Computing {
  const engine = SPARSE_ENGINES[name](say);
  if (threads === undefined) return { engine };
  const most = availableParallelism();
  if (threads > most) say(`note: ${threads} threads were asked for and this process may use ${most}.`);
  return { engine, threads: Math.min(threads, most) };
}
