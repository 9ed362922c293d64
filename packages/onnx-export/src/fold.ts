/**
 * At inference batch normalisation is one multiplication and one addition per channel, so it can live in the weights of the layer before it:
 * one operator less to run and nothing lost but rounding. Dead weights stay zero.
 */
import type { Network, NodeId, NodeSpec } from '@freetickets/sparse-core';

/** Values of a convolution or linear layer: `shape` (O, ...) of the row-major `weight`, `bias` (O). */
export interface Affine {
  readonly shape: readonly number[];
  readonly weight: Float32Array;
  readonly bias?: Float32Array | undefined;
}

/** All (C). */
export interface BatchNorm {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly eps: number;
}

/** Which batch norms may be folded, by the id of the layer before them: those whose layer feeds nothing else and is not the output. */
export function foldableBatchNorms(net: Network): ReadonlyMap<NodeId, NodeSpec & { op: 'batchNorm' }> {
  const uses = new Map<NodeId, number>([[net.spec.output, 1]]);
  for (const node of net.spec.nodes) for (const id of node.from) uses.set(id, (uses.get(id) ?? 0) + 1);
  const foldable = new Map<NodeId, NodeSpec & { op: 'batchNorm' }>();
  for (const node of net.spec.nodes) {
    const [source] = node.from;
    if (node.op !== 'batchNorm' || source === undefined || source === 'input' || uses.get(source) !== 1) continue;
    const { op } = net.node(source);
    if (op === 'conv2d' || op === 'linear') foldable.set(source, node);
  }
  return foldable;
}

/** w' = w g and b' = (b - mean) g + shift with g = scale / sqrt(variance + eps), in float64 and rounded once. */
export function foldBatchNorm({ shape, weight, bias }: Affine, { scale, shift, mean, variance, eps }: BatchNorm): Affine {
  const gain = Float64Array.from(scale, (s, o) => s / Math.sqrt(variance[o]! + eps));
  const fanIn = weight.length / gain.length;
  const folded = new Float32Array(weight.length);
  gain.forEach((g, o) => {
    for (let k = o * fanIn; k < (o + 1) * fanIn; k++) folded[k] = weight[k]! * g;
  });
  return {
    shape,
    weight: folded,
    bias: shift.map((s, o) => ((bias?.[o] ?? 0) - mean[o]!) * gain[o]! + s),
  };
}
