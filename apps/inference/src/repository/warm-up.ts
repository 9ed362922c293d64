// A model's first run is its slowest. Each worker computes once before the model answers: what the configuration says under
// model_warmup, which must succeed, else one row of zeros, which need not: nobody promised that zeros make sense.

import { SparseError } from '@freetickets/sparse-core';
import { elementBytes } from '../protocol/bytes.ts';
import { type Datatype, elementCount, type TensorInfo } from '../tensor.ts';
import type { OutgoingTensor } from '../workers/frame.ts';
import type { WorkerPool } from '../workers/pool.ts';
import { WorkerLost } from '../workers/worker-process.ts';
import type { FullConfig } from './complete-config.ts';
import type { ModelWarmup } from './model-config.ts';

/** @throws SparseError INVALID_CONFIG for a warm-up that cannot be made; what the model says of one that was asked for */
export async function warmUp(
  pool: WorkerPool,
  { model_warmup: asked = [], max_batch_size: maxBatch }: FullConfig,
  instances: number,
): Promise<void> {
  const everywhere = (inputs: readonly OutgoingTensor[]) =>
    Promise.all(Array.from({ length: instances }, () => pool.run({ inputs, outputs: [], parameters: {} })));
  for (const warmup of asked) {
    const inputs = warmupInputs(warmup, pool.model.inputs, maxBatch > 0);
    for (let i = 0; i < (warmup.count || 1); i++) await everywhere(inputs);
  }
  if (asked.length > 0) return;
  const zeros = pool.model.inputs.map((info) =>
    tensor(
      info,
      info.shape.map((size) => (size === -1 ? 1 : size)),
      false,
    ),
  );
  await everywhere(zeros).catch((error: Error) => {
    if (error instanceof WorkerLost) throw error;
  });
}

function warmupInputs(
  { name, batch_size: batch = 1, inputs }: ModelWarmup,
  declared: readonly TensorInfo[],
  batched: boolean,
): OutgoingTensor[] {
  return declared.map((info) => {
    const given = Object.hasOwn(inputs, info.name) ? inputs[info.name] : undefined;
    if (given === undefined)
      throw new SparseError('INVALID_CONFIG', `model_warmup '${name}'`, `an input '${info.name}'`, Object.keys(inputs));
    const dims = (given.dims ?? []).map(Number);
    return tensor(info, batched ? [Number(batch), ...dims] : dims, given.random_data ?? false);
  });
}

function tensor({ name, datatype }: TensorInfo, shape: readonly number[], random: boolean): OutgoingTensor {
  const bytes = new Uint8Array(elementCount(shape) * (elementBytes(datatype) ?? 4)); // an empty text is four zeros
  if (random) fill(bytes, datatype);
  return { name, datatype, shape, pieces: [bytes] };
}

/** Numbers from 0 to 1 in steps, the same each time: no two neighbours alike, none that overflows. */
function fill(bytes: Uint8Array, datatype: Datatype): void {
  const step = (_: number, i: number): number => ((i * 37) % 101) / 100;
  if (datatype === 'FP32') new Float32Array(bytes.buffer).set(Float32Array.from({ length: bytes.length / 4 }, step));
  if (datatype === 'FP64') new Float64Array(bytes.buffer).set(Float64Array.from({ length: bytes.length / 8 }, step));
}
