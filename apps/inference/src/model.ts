// One ONNX model in an onnxruntime session. `run` computes synchronously on the thread that calls it, so the server calls this
// in child processes only (worker.ts); a program that has nothing else to do meanwhile may call it directly.

import { stat } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { fromOnnxType, type Signature, type Tensor, type TensorData, type TensorInfo, toOnnxType } from './tensor.ts';

export interface ModelOptions {
  /** Threads that share one operator; default: as many as onnxruntime sees cores. */
  readonly threads?: number;
}

/** An open model. Close it: onnxruntime's memory is not the garbage collector's. */
export interface OnnxModel extends Signature, AsyncDisposable {
  /**
   * Computes the model once.
   *
   * @param feeds    one tensor per input, by input name
   * @param outputs  names of the outputs to compute; all of them by default
   * @returns one tensor per computed output, by output name
   * @throws Error with onnxruntime's words when an operator refuses the values or shapes
   */
  run(feeds: Readonly<Record<string, Tensor>>, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/**
 * Loads an ONNX file for computation on the CPU.
 *
 * @throws SparseError MISSING_FILE when there is no such file, BAD_FILE when onnxruntime cannot load it
 * @example
 * const model = await openModel('ensemble.onnx');
 * const { probabilities } = await model.run({ images: { datatype: 'FP32', shape: [1, 1, 28, 28], data: new Float32Array(784) } });
 */
export async function openModel(path: string, options: ModelOptions = {}): Promise<OnnxModel> {
  await checkModelFile(path);
  // Read by onnxruntime while it loads; without it, it keeps a device id and an event queue in the user's cache folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(path, sessionOptions(options)).catch((error: Error) => {
    throw cannotLoad(path, error);
  });
  const { inputs, outputs } = await signatureOf(session).catch(async (error: Error) => {
    await session.release();
    throw cannotLoad(path, error);
  });
  const close = () => session.release();
  return {
    inputs,
    outputs,
    async run(feeds, names = session.outputNames) {
      const ortFeeds: Record<string, OrtTensor> = {};
      for (const { name } of inputs) {
        const tensor = feeds[name];
        if (tensor === undefined) throw new SparseError('INVALID_ARGUMENT', `feeds.${name}`, 'a tensor', undefined);
        ortFeeds[name] = new ort.Tensor(toOnnxType(tensor.datatype), tensor.data as Float32Array, tensor.shape);
      }
      const results = await session.run(ortFeeds, [...names]);
      return Object.fromEntries(
        outputs.filter(({ name }) => name in results).map((info) => [info.name, fromOrt(info, results[info.name]!)]),
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Says early and plainly that a model file is not there. @throws SparseError MISSING_FILE, BAD_FILE */
export async function checkModelFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new SparseError('MISSING_FILE', path, 'an ONNX file', new Error('nothing: there is no such file'));
  if (!found.isFile()) throw new SparseError('BAD_FILE', path, 'an ONNX file', new Error('something that is not a file'));
}

/** The one sentence for a file that onnxruntime or the protocol refuses; the reason is kept as its cause. */
export function cannotLoad(path: string, reason: Error): SparseError {
  // Given as an Error, the reason is shown without quotes.
  return new SparseError('BAD_FILE', path, 'an ONNX model that can be served', new Error(firstLine(reason.message)), '', { cause: reason });
}

/** onnxruntime's messages go on for lines; the first says what happened. */
export const firstLine = (message: string): string => message.split('\n', 1)[0]!.trim().slice(0, 300);

function sessionOptions({ threads }: ModelOptions): InferenceSession.SessionOptions {
  return {
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    interOpNumThreads: 1,
    logSeverityLevel: 3, // errors only
    // Idle threads of a session otherwise spin for a while after each run and take the cores from whoever serves the next request.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

async function signatureOf(session: InferenceSession): Promise<Signature> {
  return { inputs: session.inputMetadata.map(tensorInfo), outputs: session.outputMetadata.map(tensorInfo) };
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
