/** A dense network of ours as an ONNX file, for ONNX Runtime: same shapes, fresh values, batch norm folded as our exporter does it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { toOnnx } from '@freetickets/onnx-export';
import { initialState, modelByName, network } from '@freetickets/sparse-core';
import { inBench } from './folders.ts';

/** @returns the path of the file */
export function denseModel(name: string, batchSize: number, seed: number): string {
  const state = initialState(network(modelByName(name)), new Map(), seed);
  const path = inBench(`.cache/${name}-${batchSize}.onnx`);
  mkdirSync(inBench('.cache'), { recursive: true });
  writeFileSync(path, toOnnx([state], { batch: batchSize }));
  return path;
}
