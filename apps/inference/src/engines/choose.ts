// The engine that was asked for, or an error. `auto` takes CUDA where it loads, else the sparse engine where so many weights are dead that it
// is the faster one, else onnxruntime on the CPU; whatever is passed over leaves its reason, so that nothing is slow in silence.

import { nativeStatus } from '@freetickets/engine-sparse';
import { onnxruntimeStatus } from '@freetickets/runtimes';
import type { ChosenEngine, Engine, EngineName, EngineOptions, ModelFile } from './engine.ts';
import { openOnnxruntime } from './onnxruntime.ts';
import { openSparse } from './sparse.ts';

/** Share of dead weights from which on the sparse engine is taken. Measured: docs/performance.md, "An exported ensemble". */
const sparseEnough = 0.85;

export interface OpenEngine {
  readonly engine: Engine;
  readonly chosen: ChosenEngine;
}

/** @throws whatever the engine that was asked for throws; `auto` fails only where onnxruntime on the CPU does */
export async function openEngine(file: ModelFile, name: EngineName, options: EngineOptions): Promise<OpenEngine> {
  const asked = (engine: Engine, own: ChosenEngine['name']): OpenEngine => ({
    engine,
    chosen: { name: own, why: `asked for; ${engine.detail}` },
  });
  if (name === 'sparse') return asked(await openSparse(file, options), name);
  if (name === 'onnxruntime-cpu') return asked(await openOnnxruntime(file.path, 'cpu', options), name);
  if (name === 'onnxruntime-cuda') return asked(await openOnnxruntime(file.path, 'cuda', options), name);
  return openBest(file, options);
}

async function openBest(file: ModelFile, options: EngineOptions): Promise<OpenEngine> {
  const cuda = await openCuda(file.path, options);
  if ('engine' in cuda) return { engine: cuda.engine, chosen: { name: 'onnxruntime-cuda', why: `CUDA works here; ${cuda.engine.detail}` } };
  const passed = `no CUDA: ${cuda.reason}`;
  const sparse = await openWhereSparse(file, options);
  const reason = 'engine' in sparse ? sparse.why : sparse.reason;
  if ('engine' in sparse)
    return { engine: sparse.engine, chosen: { name: 'sparse', why: `${reason}; ${sparse.engine.detail}; ${passed}` } };
  const engine = await openOnnxruntime(file.path, 'cpu', options);
  return { engine, chosen: { name: 'onnxruntime-cpu', why: `${reason}; ${engine.detail}; ${passed}` } };
}

/** Opens the model on CUDA, which alone shows whether it works, unless something it needs is known to be missing. */
async function openCuda(path: string, options: EngineOptions): Promise<{ engine: Engine } | { reason: string }> {
  const { problem, remedy, driver } = await onnxruntimeStatus();
  if (driver.library === undefined) return { reason: 'there is no NVIDIA driver' };
  if (problem !== undefined) return { reason: remedy === undefined ? problem : `${problem} (${remedy})` };
  try {
    return { engine: await openOnnxruntime(path, 'cuda', options) };
  } catch (error) {
    return { reason: (error as Error).message.split('\n', 1)[0]! };
  }
}

async function openWhereSparse(file: ModelFile, options: EngineOptions): Promise<{ engine: Engine; why: string } | { reason: string }> {
  const native = nativeStatus();
  if (!native.available) return { reason: `no native kernels: ${native.reason}` };
  const { externalData, freetickets } = file.description;
  if (freetickets === undefined || externalData.length > 0) return { reason: 'not exported by FreeTickets' };
  const { sparsity } = freetickets;
  const dead = sparsity.reduce((sum, own) => sum + own, 0) / sparsity.length;
  const share = `${(100 * dead).toFixed(0)} % of the weights are dead`;
  const border = `the sparse engine is the faster one from ${100 * sparseEnough} % on`;
  if (dead < sparseEnough) return { reason: `${share}, and ${border}` };
  return { engine: await openSparse(file, options), why: `${share}, and ${border}` };
}
