import { availableParallelism } from 'node:os';
import { bestEngine, nativeEngine, referenceEngine } from '@freetickets/engine-sparse';
import type { Engine } from '@freetickets/sparse-core';
import type { Experiment } from './experiment-fields.ts';

/** An engine and how many threads it may use, as `engine.open` takes them. */
export interface Computing {
  readonly engine: Engine;
  readonly threads?: number;
}

/** `auto` falls back where it must, and says so. More threads than processors only slow each other down. */
export function computingFor({ engine: name, threads }: Pick<Experiment, 'engine' | 'threads'>, say: (line: string) => void): Computing {
  const engine = engineByName(name, say);
  if (threads === undefined) return { engine };
  const most = availableParallelism();
  if (threads > most) say(`note: ${threads} threads were asked for and this process may use ${most}.`);
  return { engine, threads: Math.min(threads, most) };
}

function engineByName(name: Experiment['engine'], say: (line: string) => void): Engine {
  if (name === 'native') return nativeEngine();
  return name === 'reference' ? referenceEngine() : bestEngine({ onFallback: (message) => say(`note: ${message}`) });
}
