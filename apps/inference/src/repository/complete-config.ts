// A model's configuration, made whole: what config.pbtxt leaves out comes from the model file, and what it says against the file is
// refused. The file is the truth about names, datatypes and shapes.

import { SparseError } from '@freetickets/sparse-core';
import type { Datatype, Signature, TensorInfo } from '../tensor.ts';
import type { ConfigTensor, ModelConfig } from './model-config.ts';

/** Rows of a batch where nothing says otherwise. */
const defaultBatchSize = 64;

export interface FullConfig extends ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
}

/**
 * @param at  the model's folder or file, for errors
 * @throws SparseError INVALID_CONFIG where the configuration contradicts the file
 */
export function completeConfig(name: string, given: ModelConfig, signature: Signature, instances: number, at: string): FullConfig {
  const batchable = [...signature.inputs, ...signature.outputs].every(({ shape }) => shape[0] === -1);
  const size = given.max_batch_size ?? (batchable ? defaultBatchSize : 0);
  if (size > 0 && !batchable)
    throw new SparseError('INVALID_CONFIG', `${at}: max_batch_size`, '0, because not every tensor begins with a batch dimension', size);
  if (given.name !== undefined && given.name !== name)
    throw new SparseError('INVALID_CONFIG', `${at}: name`, `'${name}', as the folder is called`, given.name);
  return {
    ...given,
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: given.version_policy ?? { latest: { num_versions: 1 } },
    max_batch_size: size,
    input: signature.inputs.map((info) => tensor(info, given.input, size > 0, `${at}: input`)),
    output: signature.outputs.map((info) => tensor(info, given.output, size > 0, `${at}: output`)),
    instance_group: given.instance_group ?? [{ name: `${name}_0`, kind: 'KIND_CPU', count: instances }],
    ...(size > 0 && { dynamic_batching: given.dynamic_batching ?? {} }),
    default_model_filename: given.default_model_filename ?? 'model.onnx',
  };
}

/** The configuration's name of a datatype. */
const configType = (datatype: Datatype): string => (datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`);

function tensor(info: TensorInfo, given: readonly ConfigTensor[] = [], batched: boolean, at: string): ConfigTensor {
  const dims = batched ? info.shape.slice(1) : info.shape;
  const own = given.find(({ name }) => name === info.name);
  if (own && own.data_type !== configType(info.datatype))
    throw new SparseError('INVALID_CONFIG', `${at} '${info.name}'`, configType(info.datatype), own.data_type);
  const said = own && (own.dims ?? []);
  const agrees = !said || (said.length === dims.length && said.every((size, i) => size === -1 || dims[i] === -1 || size === dims[i]));
  if (!agrees) throw new SparseError('INVALID_CONFIG', `${at} '${info.name}'`, `dims [${dims.join(', ')}]`, said);
  return { ...own, name: info.name, data_type: configType(info.datatype), dims: said ?? dims };
}
