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

/** What is to be told of the engines that were taken, and whether it has been. */
const notes = new Map<string, 'waits' | 'told'>();

const note = (text: string): void => {
  if (!notes.has(text)) notes.set(text, 'waits');
};

/** For whoever is about to compute: why that will be slow, each reason once. A run that is found finished leaves it untold. */
export function tellNotes(say: (line: string) => void): void {
  for (const [text, state] of notes) {
    if (state === 'waits') say(`note: ${text}`);
    notes.set(text, 'told');
  }
}

/** What there is to say of the choice is told by `tellNotes`. @throws SparseError KERNELS_UNAVAILABLE for an engine that does not run here */
export async function computingFor({ engine, threads }: Wanted<Experiment['engine']>): Promise<Computing> {
  const [kind, backend] = engine.split('/') as ['tfjs' | SparseEngineName, Backend?];
  return kind === 'tfjs' ? { engine: await denseEngine(backend) } : sparseComputing({ engine: kind, threads });
}

/** On the TensorFlow that `freetickets setup tensorflow` installed, if it did and no other backend is named; else on what npm installed. */
async function denseEngine(backend: Backend | undefined): Promise<Engine> {
  if (backend !== undefined && backend !== 'tensorflow') return tfjsEngine(await loadTfjs(backend));
  const { installed, problem, remedy } = await tensorflowStatus();
  if (installed) return tfjsEngine(await loadTensorflow());
  const engine = tfjsEngine(await loadTfjs(backend));
  if (engine.name !== 'tfjs/tensorflow')
    note(`the engine ${engine.name} is used, many times slower than TensorFlow itself: ${problem}. To bring it: ${remedy}`);
  return engine;
}

const SPARSE_ENGINES = {
  auto: () => bestEngine({ onFallback: note }),
  native: () => nativeEngine(),
  wasm: () => wasmEngine(),
  reference: () => referenceEngine(),
} as const satisfies Record<string, () => Engine>;

export type SparseEngineName = keyof typeof SPARSE_ENGINES;

/** `auto` falls back where it must. More threads than processors only slow each other down. What there is to say is told by `tellNotes`. */
export function sparseComputing({ engine: name, threads }: Wanted<SparseEngineName>): Computing {
  const engine = SPARSE_ENGINES[name]();
  if (threads === undefined) return { engine };
  const most = availableParallelism();
  if (threads > most) note(`${threads} threads were asked for and this process may use ${most}.`);
  return { engine, threads: Math.min(threads, most) };
}
