/** Batch normalisation that could not be folded, and the normalisation of the input. */
import type { NodeSpec } from '@freetickets/sparse-core';
import { addFloats, addNode, addWeights, type Graph } from './graph.ts';
import type { Parameters } from './member.ts';

/** BatchNormalization with the running statistics, over the second axis. */
export function addBatchNorm(
  graph: Graph,
  name: string,
  input: string,
  { eps = 1e-5 }: NodeSpec & { op: 'batchNorm' },
  parameters: Parameters,
): string {
  const constants = (['weight', 'bias', 'running_mean', 'running_var'] as const).map((part) => {
    const values = parameters(part)!;
    return addWeights(graph, `${name}.${part}`, [values.length], values);
  });
  return addNode(graph, 'BatchNormalization', name, [input, ...constants], { epsilon: { float: eps } });
}

/** Constants of an input: one number per channel of (C, H, W) or per feature, or a single one for all. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** (x - mean) / std, for images whose pixels are in [0, 1]. Not folded into the first layer: its padding is zero after normalising. */
export function addNormalization(graph: Graph, input: string, sampleShape: readonly number[], { mean, std }: Normalization): string {
  const dims = [1, mean.length, ...sampleShape.slice(1).map(() => 1)];
  const centred = addNode(graph, 'Sub', 'normalize/mean', [input, addFloats(graph, 'normalize.mean', dims, Float32Array.from(mean))]);
  return addNode(graph, 'Div', 'normalize/std', [centred, addFloats(graph, 'normalize.std', dims, Float32Array.from(std))]);
}
