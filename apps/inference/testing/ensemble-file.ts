import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, type ModelState, type NetworkSpec, network, randomTopology, rng } from '@freetickets/sparse-core';
import { openModel } from '../src/model.ts';
import type { ServingCalibration } from '../src/uncertainty/calibration.ts';
import { fitCalibration } from '../src/uncertainty/fit-calibration.ts';
import { fromModel } from '../src/uncertainty/member-probabilities.ts';

export const [MEMBERS, CLASSES, SIDE] = [4, 5, 6];

const spec: NetworkSpec = {
  version: 1,
  name: 'tiny',
  input: { shape: [1, SIDE, SIDE] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3 },
    { id: 'relu', op: 'relu', from: ['conv'] },
    { id: 'flat', op: 'flatten', from: ['relu'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: CLASSES },
  ],
  output: 'fc',
};

/** Members that agree on most: one network, the last layer's weights changed a little for each. */
function states(): ModelState[] {
  const net = network(spec);
  const state = initialState(net, randomTopology(net, erk()(net, 0.3), 1), 1);
  return Array.from({ length: MEMBERS }, (_, member) => {
    const stream = rng(4).stream('member', member);
    const changed = state.values.get('fc.weight')!.map((weight) => 8 * weight * (1 + 0.5 * stream.normal()));
    return { ...state, values: new Map([...state.values, ['fc.weight', changed]]) };
  });
}

export function randomImages(size: number, name: string): { datatype: 'FP32'; shape: number[]; data: Float32Array } {
  const stream = rng(2).stream(name);
  return { datatype: 'FP32', shape: [size, 1, SIDE, SIDE], data: Float32Array.from({ length: size * SIDE * SIDE }, () => stream.normal()) };
}

/** An exported ensemble in a folder of its own, with a calibration on random labels. */
export async function ensembleFile(): Promise<{ path: string; plain: string; calibration: ServingCalibration; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-'));
  const [path, plain] = [join(folder, 'calibrated.onnx'), join(folder, 'plain.onnx')];
  await writeFile(plain, toOnnx(states()));
  await using model = await openModel(plain, { threads: 1 });
  const { member_probabilities: answer } = await model.run({ images: randomImages(400, 'validation') });
  const probabilities = fromModel(answer!.data as Float32Array, answer!.shape);
  const stream = rng(3).stream('labels');
  const calibration = fitCalibration(
    probabilities,
    Int32Array.from({ length: 400 }, () => stream.below(CLASSES)),
    { allowedLoss: 0.02 },
  );
  await writeFile(path, toOnnx(states(), { calibration: { ...calibration }, classes: ['a', 'b', 'c', 'd', 'e'] }));
  return { path, plain, calibration, remove: () => rm(folder, { recursive: true, force: true }) };
}
