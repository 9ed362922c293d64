// One ONNX model, open in one of the engines of engines/. Computing blocks the thread that calls `run`, so the server calls this in child
// processes only (worker.ts); a program that has nothing else to do meanwhile may call it directly.

import { stat } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';
import { openEngine } from './engines/choose.ts';
import { type ChosenEngine, type EngineName, type EngineOptions, engineNames } from './engines/engine.ts';
import type { Signature, Tensor } from './tensor.ts';

export interface ModelOptions extends EngineOptions {
  /**
   * `sparse` runs files exported by FreeTickets with live weights only, the others any ONNX file. `auto`, the default, takes the fastest that
   * works here. An engine asked for by name is used or is an error.
   */
  readonly engine?: EngineName;
}

/** An open model. Close it: an engine's memory is not the garbage collector's. */
export interface OnnxModel extends Signature, AsyncDisposable {
  /** The engine that was taken, and why. */
  readonly engine: ChosenEngine;
  /**
   * Computes the model once.
   *
   * @param feeds    one tensor per input, by input name
   * @param outputs  names of the outputs to compute; all of them by default
   * @returns one tensor per computed output, by output name
   * @throws Error when the engine refuses the values or shapes
   */
  run(feeds: Readonly<Record<string, Tensor>>, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/**
 * Opens an ONNX file.
 *
 * @throws SparseError MISSING_FILE when there is no such file, BAD_FILE when the engine cannot load it, RUNTIME_UNAVAILABLE when the engine
 * that was asked for is not installed
 * @example
 * const model = await openModel('ensemble.onnx');
 * const { probabilities } = await model.run({ images: { datatype: 'FP32', shape: [1, 1, 28, 28], data: new Float32Array(784) } });
 */
export async function openModel(path: string, { engine: name = 'auto', ...options }: ModelOptions = {}): Promise<OnnxModel> {
  if (!engineNames.includes(name)) throw new SparseError('INVALID_ARGUMENT', 'engine', engineNames.join(', '), name);
  await checkModelFile(path);
  const { engine, chosen } = await openEngine(path, name, options).catch((error: Error) => {
    throw error instanceof SparseError ? error : cannotLoad(path, error);
  });
  const { inputs, outputs } = engine;
  const close = () => engine.close();
  return {
    inputs,
    outputs,
    engine: chosen,
    run: (feeds, names = outputs.map(({ name: output }) => output)) => engine.run(feeds, names),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Says early and plainly that a model file is not there. @throws SparseError MISSING_FILE, BAD_FILE */
async function checkModelFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new SparseError('MISSING_FILE', path, 'an ONNX file', new Error('nothing: there is no such file'));
  if (!found.isFile()) throw new SparseError('BAD_FILE', path, 'an ONNX file', new Error('something that is not a file'));
}

/** The one sentence for a file that an engine or the protocol refuses; the reason is kept as its cause. */
export function cannotLoad(path: string, reason: Error): SparseError {
  // Given as an Error, the reason is shown without quotes.
  return new SparseError('BAD_FILE', path, 'an ONNX model that can be served', new Error(firstLine(reason.message)), '', { cause: reason });
}

/** onnxruntime's messages go on for lines; the first says what happened. */
export const firstLine = (message: string): string => message.split('\n', 1)[0]!.trim().slice(0, 300);
