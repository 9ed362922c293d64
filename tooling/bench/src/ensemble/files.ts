/** An ensemble of random sparse members as the files that are compared, under a folder: all forms answer alike. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OnnxOptions, toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, modelByName, network, randomTopology } from '@freetickets/sparse-core';

export interface EnsembleShape {
  readonly network: string;
  readonly members: number;
  readonly sparsity: number;
  readonly seed: number;
}

/** Files whose answers together are the ensemble's: one for all members, or one for each. */
export interface Form {
  readonly name: string;
  readonly files: readonly string[];
}

const WHOLE: readonly (readonly [name: string, options: OnnxOptions])[] = [
  ['fused', {}],
  ['grouped', { layout: 'grouped' }],
  ['fused fp16', { precision: 'fp16' }],
  ['grouped fp16', { layout: 'grouped', precision: 'fp16' }],
];

export const SEPARATE = 'separate sessions';

/** @returns the forms whose names are in `which`, written */
export function writeForms({ network: name, members, sparsity, seed }: EnsembleShape, folder: string, which: readonly string[]): Form[] {
  const net = network(modelByName(name));
  const states = Array.from({ length: members }, (_, m) => {
    const topology = randomTopology(net, erk()(net, sparsity), seed + m);
    return initialState(net, topology, seed + m);
  });
  const own = join(folder, `${name}-${members}`);
  mkdirSync(own, { recursive: true });
  const write = (file: string, bytes: Uint8Array): string => {
    const path = join(own, `${file.replaceAll(' ', '-')}.onnx`);
    writeFileSync(path, bytes);
    return path;
  };
  const whole = WHOLE.filter(([form]) => which.includes(form)).map(([form, options]) => ({
    name: form,
    files: [write(form, toOnnx(states, options))],
  }));
  if (!which.includes(SEPARATE)) return whole;
  return [...whole, { name: SEPARATE, files: states.map((state, m) => write(`member-${m}`, toOnnx(state))) }];
}
