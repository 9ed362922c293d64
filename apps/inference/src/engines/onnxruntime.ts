// Any ONNX model in an onnxruntime session, on the CPU or on a GPU by CUDA. `run` computes synchronously on the thread that calls it.

import { loadOnnxruntime } from '@freetickets/runtimes';
import { SparseError } from '@freetickets/sparse-core';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { fromOnnxType, type Tensor, type TensorData, type TensorInfo, toOnnxType } from '../tensor.ts';
import type { Engine, EngineOptions } from './engine.ts';

export type Onnxruntime = typeof import('onnxruntime-node');

/**
 * @throws SparseError RUNTIME_UNAVAILABLE when CUDA was asked for and is not installed or does not work here, and it never computes on the CPU
 * instead; Error in onnxruntime's words when it cannot load the model
 */
export async function openOnnxruntime(path: string, provider: 'cpu' | 'cuda', options: EngineOptions): Promise<Engine> {
  const ort = await loadOnnxruntime<Onnxruntime>({ cuda: provider === 'cuda' });
  const open = (on: 'cpu' | 'cuda') => ort.InferenceSession.create(path, sessionOptions(on, options));
  const session = await open(provider).catch(async (error: Error) => {
    if (provider === 'cpu') throw error;
    await (await open('cpu')).release(); // throws where the fault is the file's
    throw new SparseError(
      'RUNTIME_UNAVAILABLE',
      'onnxruntime-cuda',
      'CUDA that works',
      new Error(cudaWords(error.message)),
      'freetickets doctor says what is there',
      { cause: error },
    );
  });
  try {
    return new OnnxruntimeEngine(ort, session, provider);
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** The failing call and why, out of a message that begins with the names of functions and goes on for lines. */
const cudaWords = (message: string): string =>
  /\b(CUDA|CUDNN|CUBLAS|CUFFT|CURAND)\w* failure \d+: [^;\n]+/.exec(message)?.[0].trim() ?? message.split('\n', 1)[0]!.slice(0, 300);

class OnnxruntimeEngine implements Engine {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly detail: string;
  readonly #ort: Onnxruntime;
  readonly #session: InferenceSession;

  constructor(ort: Onnxruntime, session: InferenceSession, provider: 'cpu' | 'cuda') {
    this.inputs = session.inputMetadata.map(tensorInfo);
    this.outputs = session.outputMetadata.map(tensorInfo);
    this.detail = `onnxruntime ${ort.env.versions.node ?? ''}, provider ${provider}`;
    this.#ort = ort;
    this.#session = session;
  }

  async run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Record<string, Tensor>> {
    const ortFeeds: Record<string, OrtTensor> = {};
    for (const { name } of this.inputs) {
      const tensor = feeds[name];
      if (tensor === undefined) throw new SparseError('INVALID_ARGUMENT', `feeds.${name}`, 'a tensor', undefined);
      ortFeeds[name] = new this.#ort.Tensor(toOnnxType(tensor.datatype), tensor.data as Float32Array, tensor.shape);
    }
    const results = await this.#session.run(ortFeeds, [...outputs]);
    return Object.fromEntries(
      this.outputs.filter(({ name }) => name in results).map((info) => [info.name, fromOrt(info, results[info.name]!)]),
    );
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}

export function sessionOptions(
  provider: 'cpu' | 'cuda',
  { threads, cuda, graphOptimization }: EngineOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider === 'cuda' ? { name: 'cuda', deviceId: cuda?.deviceId ?? 0 } : 'cpu'],
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(graphOptimization !== undefined && { graphOptimizationLevel: graphOptimization }),
    interOpNumThreads: 1,
    logSeverityLevel: 3, // errors only
    // Idle threads of a session otherwise spin for a while after each run and take the cores from whoever serves the next request.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor) throw new Error(`'${value.name}', which is a sequence or a map: export the model with tensors only`);
  const datatype = fromOnnxType(value.type);
  if (datatype === undefined) throw new Error(`'${value.name}' of type ${value.type}, for which the Open Inference Protocol has no name`);
  return { name: value.name, datatype, shape: value.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1)) };
}

function fromOrt({ datatype }: TensorInfo, { data, dims }: OrtTensor): Tensor {
  // Where the runtime has a Float16Array, onnxruntime answers with one; ours are bit patterns on every Node version.
  if (datatype === 'FP16' && !(data instanceof Uint16Array)) {
    const view = data as ArrayBufferView & { length: number };
    return { datatype, shape: dims, data: new Uint16Array(view.buffer, view.byteOffset, view.length) };
  }
  return { datatype, shape: dims, data: data as TensorData };
}
