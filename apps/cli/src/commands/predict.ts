/** `freetickets predict`: pictures through an exported model, as a server would. */
import { decodePicture } from '@freetickets/datasets';
import { type ChosenEngine, type ModelOptions, openModel } from '@freetickets/inference';
import { describeOnnx, type OnnxDescription } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { refuseRun } from '../refuse-run.ts';
import { percent } from '../text.ts';

export interface PicturePrediction {
  readonly input: string;
  /** The likeliest class by name, and its index. */
  readonly class: string;
  readonly index: number;
  readonly probability: number;
  readonly probabilities: readonly number[];
  /** Entropy of the probabilities in nats: 0 is certain, ln(classes) knows nothing. */
  readonly entropy: number;
  /** Per member. */
  readonly members: readonly (readonly number[])[];
}

export interface PredictResult {
  readonly model: string;
  readonly engine: ChosenEngine;
  readonly classes: readonly string[];
  readonly predictions: readonly PicturePrediction[];
}

export interface PredictOptions extends Pick<ModelOptions, 'engine' | 'threads'> {
  readonly resize: boolean;
}

export async function predict(model: string, inputs: readonly string[], { resize, ...options }: PredictOptions): Promise<PredictResult> {
  refuseRun(model);
  const description = describeOnnx(await readFileOrExplain(model, 'an ONNX model'), model);
  const shape = pictureShape(model, description);
  const prepare = normalizer(description);
  const pictures = await Promise.all(inputs.map((input) => decodePicture(input, { shape, resize })));
  await using session = await openModel(model, options);
  const pixels = shape.reduce((a, b) => a * b, 1);
  const images = new Float32Array(pictures.length * pixels);
  pictures.forEach((picture, i) => {
    images.set(prepare(picture), i * pixels);
  });
  const { name } = description.inputs[0]!;
  const outputs = await session.run({ [name]: { datatype: 'FP32', shape: [pictures.length, ...shape], data: images } });
  const probabilities = outputs.probabilities!.data as Float32Array;
  const members = outputs.member_probabilities;
  const classes = description.freetickets?.classes ?? Array.from({ length: probabilities.length / inputs.length }, (_, k) => String(k));
  const predictions = inputs.map((input, i) =>
    prediction(input, i, classes, probabilities, members?.data as Float32Array, members?.shape[1] ?? 0),
  );
  return { model, engine: session.engine, classes, predictions };
}

function pictureShape(model: string, { inputs, outputs }: OnnxDescription): [number, number, number] {
  const shape = inputs[0]?.shape?.slice(1) ?? [];
  const [channels, height, width] = shape;
  if (inputs.length !== 1 || typeof channels !== 'number' || typeof height !== 'number' || typeof width !== 'number' || shape.length !== 3)
    throw new SparseError(
      'BAD_FILE',
      model,
      'one input of shape (batch, C, H, W)',
      inputs.map((input) => input.shape),
    );
  if (!outputs.some((output) => output.name === 'probabilities'))
    throw new SparseError(
      'BAD_FILE',
      model,
      'an output named probabilities',
      outputs.map((output) => output.name),
      'Make it with: freetickets export',
    );
  return [channels, height, width];
}

/** What the graph does not do itself. */
function normalizer({ freetickets }: OnnxDescription): (picture: Float32Array) => Float32Array {
  const normalization = freetickets?.normalization;
  if (!normalization || (normalization.inGraph ?? true)) return (picture) => picture;
  const { mean, std } = normalization;
  return (picture) => {
    const plane = picture.length / mean.length;
    return picture.map((value, i) => (value - mean[Math.floor(i / plane)]!) / std[Math.floor(i / plane)]!);
  };
}

function prediction(
  input: string,
  i: number,
  classes: readonly string[],
  all: Float32Array,
  members: Float32Array | undefined,
  memberCount: number,
): PicturePrediction {
  const row = (data: Float32Array, start: number) => Array.from(data.subarray(start, start + classes.length));
  const probabilities = row(all, i * classes.length);
  const index = probabilities.indexOf(Math.max(...probabilities));
  return {
    input,
    class: classes[index]!,
    index,
    probability: probabilities[index]!,
    probabilities,
    entropy: probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0),
    members: Array.from({ length: memberCount }, (_, m) => row(members!, (i * memberCount + m) * classes.length)),
  };
}

export const predictText = ({ predictions }: PredictResult): string =>
  predictions.map((p) => `${p.input}: ${p.class} (${percent(p.probability, 1)}; entropy ${p.entropy.toFixed(3)} nats)`).join('\n');
