// Whether a request fits a model, before it costs anything. The sentences begin as Triton's do, which clients' tests look for.

import type { InferRequest } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import type { Signature, TensorInfo } from '../tensor.ts';
import { checkBytes } from './bytes.ts';
import type { Parameters, RawTensor } from './raw-tensor.ts';

/** Sent by perf_analyzer over gRPC; it is about models with several answers to a request, of which there are none here. */
const emptyFinal = 'triton_enable_empty_final_response';

/** Parameters that are numbers. */
const counts = ['priority', 'timeout', 'deadline_us'];

export interface CheckedModel extends Signature {
  readonly name: string;
  /** 0: no batch dimension. */
  readonly maxBatchSize: number;
}

/**
 * Rows of the batch dimension, 1 where the model has none.
 * @throws ServiceError `invalid`, or SparseError, for anything that the client has to change
 */
export function checkRequest({ inputs, outputs, parameters }: InferRequest, model: CheckedModel): number {
  checkParameters(parameters);
  const rows = inputs.map((input) => checkInput(input, model));
  const given = new Set(inputs.map(({ name }) => name));
  if (given.size < inputs.length) throw invalid(`each input may be given once for model '${model.name}'`);
  const missing = model.inputs.filter(({ name }) => !given.has(name));
  if (missing.length > 0) {
    const [got, wanted] = [inputs.map(({ name }) => name), missing.map(({ name }) => name)].map(quoted);
    throw invalid(
      `expected ${model.inputs.length} inputs but got ${inputs.length} inputs for model '${model.name}'. Got input(s) [${got}], but missing required input(s) [${wanted}]. Please provide all required input(s).`,
    );
  }
  for (const { name } of outputs) {
    if (!model.outputs.some((output) => output.name === name))
      throw invalid(
        `unexpected inference output '${name}' for model '${model.name}', whose outputs are ${quoted(model.outputs.map(nameOf))}`,
      );
  }
  if (new Set(outputs.map(nameOf)).size < outputs.length) throw invalid(`each output may be asked for once of model '${model.name}'`);
  if (model.maxBatchSize === 0) return 1;
  const odd = rows.findIndex((count) => count !== rows[0]);
  if (odd > 0)
    throw invalid(`input '${inputs[odd]!.name}' batch size does not match other inputs for '${model.name}': ${rows[odd]} and ${rows[0]}`);
  if (rows[0] === 0) throw invalid(`inference request batch-size must be at least 1 for '${model.name}'`);
  return rows[0] ?? 1;
}

/** Its rows. */
function checkInput(input: RawTensor, model: CheckedModel): number {
  const { name, datatype, shape } = input;
  const info = model.inputs.find((candidate) => candidate.name === name);
  if (info === undefined)
    throw invalid(`unexpected inference input '${name}' for model '${model.name}', whose inputs are ${quoted(model.inputs.map(nameOf))}`);
  if (datatype !== info.datatype)
    throw invalid(`inference input '${name}' data-type is '${datatype}', but model '${model.name}' expects '${info.datatype}'`);
  if (!fits(shape, info)) {
    throw invalid(
      `unexpected shape for input '${name}' for model '${model.name}'. Expected [${info.shape.join(',')}], got [${shape.join(',')}]`,
    );
  }
  checkBytes(input, `input '${name}'`);
  return shape[0] ?? 1;
}

const fits = (shape: readonly number[], info: TensorInfo): boolean =>
  shape.length === info.shape.length && shape.every((size, i) => info.shape[i] === -1 || info.shape[i] === size);

/** Those with a meaning have the right kind, and none is one that only Triton knows. */
function checkParameters(parameters: Parameters): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith('sequence_')) throw invalid(`parameter '${name}': expected none, requests are independent of each other`);
    if (name.startsWith('triton_') && name !== emptyFinal)
      throw invalid(`parameter keys starting with 'triton_' are reserved for Triton usage, received '${name}'`);
    if (counts.includes(name) && !(Number.isSafeInteger(value) && (value as number) >= 0))
      throw invalid(`parameter '${name}': expected a whole number from 0, received ${JSON.stringify(value)}`);
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name;
const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(',');
const invalid = (message: string): ServiceError => new ServiceError('invalid', message);
