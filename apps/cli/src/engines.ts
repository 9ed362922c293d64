import { bestEngine, nativeEngine, referenceEngine } from '@freetickets/engine-sparse';
import type { Engine } from '@freetickets/sparse-core';
import type { Experiment } from './experiment.ts';

/** `auto` falls back where it must, and says so. */
export function engineByName(name: Experiment['engine'], say: (line: string) => void): Engine {
  if (name === 'native') return nativeEngine();
  return name === 'reference' ? referenceEngine() : bestEngine({ onFallback: (message) => say(`note: ${message}`) });
}
