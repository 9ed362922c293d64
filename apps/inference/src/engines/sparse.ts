// A file that FreeTickets exported, computed by its own sparse engine with live weights only. The weights are read back from the file, which
// so serves every engine; the graph in it is not looked at.

import { bestEngine } from '@freetickets/engine-sparse';
import { combine, memberLogits } from '@freetickets/ensemble';
import { fromOnnx, type OnnxDescription } from '@freetickets/onnx-export';
import { network, type Session, SparseError } from '@freetickets/sparse-core';
import type { Tensor, TensorInfo } from '../tensor.ts';
import type { Engine, EngineOptions, ModelFile } from './engine.ts';

/** Images that a session works on at once: a full vector of them. Memory grows with it, and speed beyond it little. */
const batchSize = 16;

/** @throws SparseError BAD_FILE when FreeTickets did not write the file, KERNELS_UNAVAILABLE when the kernels asked for do not run here */
export async function openSparse({ path, bytes, description }: ModelFile, { threads }: EngineOptions): Promise<Engine> {
  const tickets = fromOnnx(bytes, path);
  const notes: string[] = [];
  const engine = bestEngine({ onFallback: (note) => notes.push(note) });
  const networks = tickets.map(({ spec }) => network(spec));
  const sessions: Session[] = [];
  const close = async () => {
    for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]();
  };
  try {
    for (const [t, ticket] of tickets.entries())
      sessions.push(await engine.open(networks[t]!, ticket, { batchSize, ...(threads !== undefined && { threads }) }));
  } catch (error) {
    await close().catch(() => undefined); // why it could not be opened is the news
    throw error;
  }
  const [images] = description.inputs.map(tensorInfo) as [TensorInfo];
  const outputs = description.outputs.map(tensorInfo);
  const normalize = normalizer(description);
  return {
    inputs: [images],
    outputs,
    detail: [`kernels ${engine.name}`, ...notes].join('; '),
    close,
    async run(feeds, names) {
      const { data, size } = imagesOf(feeds, images);
      const pixels = normalize(data, size);
      const logits: Float32Array[] = [];
      for (const [t, session] of sessions.entries()) logits.push(...(await memberLogits(session, networks[t]!, pixels, size)));
      const results = answersOf(outputs, logits, size);
      return Object.fromEntries(names.map((name) => [name, results[name]!]));
    },
  };
}

function tensorInfo({ name, shape = [] }: OnnxDescription['inputs'][number]): TensorInfo {
  return { name, datatype: 'FP32', shape: shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1)) };
}

function imagesOf(feeds: Readonly<Record<string, Tensor>>, { name, shape }: TensorInfo): { data: Float32Array; size: number } {
  const tensor = feeds[name];
  if (tensor === undefined) throw new SparseError('INVALID_ARGUMENT', `feeds.${name}`, 'a tensor', undefined);
  const fits = tensor.shape.length === shape.length && tensor.shape.every((size, i) => shape[i] === -1 || shape[i] === size);
  if (!fits || !(tensor.data instanceof Float32Array))
    throw new SparseError('SHAPE_MISMATCH', `feeds.${name}`, `FP32 of shape [${shape.join(', ')}] (-1: any size)`, tensor.shape);
  return { data: tensor.data, size: tensor.shape[0]! };
}

/** What the graph would do to the images first: (x - mean) / std for each channel. */
function normalizer({ freetickets }: OnnxDescription): (images: Float32Array, size: number) => Float32Array {
  const normalization = freetickets?.normalization;
  if (!normalization?.inGraph) return (images) => images;
  const { mean, std } = normalization;
  return (images, size) => {
    const plane = images.length / size / mean.length;
    return images.map((pixel, i) => {
      const channel = Math.floor(i / plane) % mean.length;
      return (pixel - mean[channel]!) / std[channel]!;
    });
  };
}

/** Outputs as the graph has them: the ensemble's (batch, classes), the members' (batch, members, classes). */
function answersOf(outputs: readonly TensorInfo[], logits: readonly Float32Array[], size: number): Record<string, Tensor> {
  const classes = outputs[0]!.shape.at(-1)!;
  const members = logits.length;
  const fp32 = (data: Float32Array, shape: readonly number[]): Tensor => ({ datatype: 'FP32', shape, data });
  const batchFirst = (of: (member: number) => Float32Array): Tensor => {
    const all = new Float32Array(size * members * classes);
    for (let m = 0; m < members; m++) {
      const own = of(m);
      for (let n = 0; n < size; n++) all.set(own.subarray(n * classes, (n + 1) * classes), (n * members + m) * classes);
    }
    return fp32(all, [size, members, classes]);
  };
  if (outputs[0]!.name === 'logits') {
    const mean = Float32Array.from(logits[0]!, (_, k) => logits.reduce((sum, own) => sum + own[k]!, 0) / members);
    return { logits: fp32(mean, [size, classes]), member_logits: batchFirst((m) => logits[m]!) };
  }
  const { probs, memberProbs } = combine(logits, classes);
  const row = size * classes;
  return {
    probabilities: fp32(probs, [size, classes]),
    member_probabilities: batchFirst((m) => memberProbs.subarray(m * row, (m + 1) * row)),
  };
}
