/** A model repository as Triton reads it, and this project's server: `NAME/config.pbtxt`, `NAME/labels.txt`, `NAME/1/model.onnx`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelConfig, writePbtxt } from '@freetickets/inference';
import { describeOnnx, type OnnxTensor } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Rows that the server puts together from several requests. */
const MAX_BATCH = 64;
const LABELS = 'labels.txt';

/** @returns the path of the model file. @throws SparseError INVALID_CONFIG for a name that cannot be a model's */
export async function writeRepository(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  if (!NAME.test(name)) throw new SparseError('INVALID_CONFIG', '--name', 'letters, digits, dot, dash and underscore, at most 128', name);
  const model = join(folder, name);
  const file = join(model, '1', 'model.onnx');
  await mkdir(join(model, '1'), { recursive: true });
  const { inputs, outputs, freetickets } = describeOnnx(bytes, file);
  const labels = freetickets?.classes;
  // The configuration comes last: a server that looks meanwhile finds no model yet.
  await writeFileAtomic(file, bytes);
  if (labels) await writeFileAtomic(join(model, LABELS), labels.map((label) => `${label.replaceAll(/\s+/g, ' ')}\n`).join(''));
  const config: ModelConfig = {
    name,
    platform: 'onnxruntime_onnx',
    max_batch_size: MAX_BATCH,
    input: inputs.map(tensorOf),
    output: outputs.map((output) => ({
      ...tensorOf(output),
      ...(labels && output.name === 'probabilities' && { label_filename: LABELS }),
    })),
    dynamic_batching: {},
  };
  await writeFileAtomic(join(model, 'config.pbtxt'), writePbtxt(config));
  return file;
}

/** Without the batch dimension, which Triton adds. */
const tensorOf = ({ name, shape = [] }: OnnxTensor) => ({
  name,
  data_type: 'TYPE_FP32',
  dims: shape.slice(1).map((size) => (typeof size === 'number' ? size : -1)),
});
