/**
 * What a network costs to run, to train and to store, by formula: one sample, whole numbers, nothing measured. Only convolutions and linear layers
 * count; normalization, pooling, residual additions and softmax do not.
 */
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';
import type { Topology } from './topology.ts';

/** Live weights per parameter, as a distribution or `liveCounts` gives them; a weight that is not named is dense. */
export type LiveCounts = ReadonlyMap<ParamName, number>;

/** Live counts of all weights that may be sparse. */
export function liveCounts(net: Network, topology: Topology): LiveCounts {
  const counts = new Map<ParamName, number>();
  for (const [param, { sparsifiable, size }] of net.params) if (sparsifiable) counts.set(param, topology.get(param)?.live.length ?? size);
  return counts;
}

interface WeightCost {
  readonly param: ParamName;
  readonly size: number;
  readonly live: number;
  /** How often each weight is used: output height times width; 1 for a linear layer. */
  readonly uses: number;
  /** O. */
  readonly channels: number;
}

function* weightCosts(net: Network, counts: LiveCounts): Generator<WeightCost> {
  for (const [param, { kind, node, size, shape }] of net.params) {
    if (kind !== 'weight') continue;
    const [, height = 1, width = 1] = net.shapes.get(node)!;
    yield { param, size, live: counts.get(param) ?? size, uses: height * width, channels: shape[0]! };
  }
}

const sumOver = (net: Network, counts: LiveCounts, cost: (weight: WeightCost) => number): number => {
  let sum = 0;
  for (const weight of weightCosts(net, counts)) sum += cost(weight);
  return sum;
};

/** Forward multiply-adds of one sample, per weight: live weights times output positions. Padding counts as if it were data. */
export function layerMultiplyAdds(net: Network, counts: LiveCounts = new Map()): ReadonlyMap<ParamName, number> {
  return new Map(Array.from(weightCosts(net, counts), ({ param, live, uses }) => [param, live * uses]));
}

/** Forward multiply-adds of one sample. */
export function forwardMultiplyAdds(net: Network, counts: LiveCounts = new Map()): number {
  return sumOver(net, counts, ({ live, uses }) => live * uses);
}

/** Forward FLOPs of one sample, two per multiply-add. */
export function forwardFlops(net: Network, counts: LiveCounts = new Map()): number {
  return 2 * forwardMultiplyAdds(net, counts);
}

/**
 * Forward FLOPs of one sample by the rule behind RigL's published numbers: 2 v o + o per layer, with v live inputs per output and o outputs,
 * as if every layer had a bias and a ReLU. About 0.3 % above `forwardFlops` for ResNet-50.
 * @source MicroNet challenge, google-research/micronet_challenge/counting.py
 */
export function micronetFlops(net: Network, counts: LiveCounts = new Map()): number {
  return sumOver(net, counts, ({ live, uses, channels }) => 2 * live * uses + channels * uses);
}

/** `rigl` computes the dense gradient once every `every` steps, in a step of its own. */
export type TrainingMethod = { readonly method: 'dense' | 'static' | 'set' } | { readonly method: 'rigl'; readonly every: number };

/**
 * Training FLOPs of one sample in one epoch: forward once, backward twice as much, and for `rigl` its share of dense gradients.
 * @param forward forward FLOPs of the dense and of the sparse network, counted by one rule
 * @source RigL, arXiv:1911.11134, appendix on FLOPs
 */
export function trainingFlops(forward: { readonly dense: number; readonly sparse: number }, method: TrainingMethod): number {
  switch (method.method) {
    case 'dense':
      return 3 * forward.dense;
    case 'static':
    case 'set':
      return 3 * forward.sparse;
    case 'rigl':
      return (3 * forward.sparse * method.every + 2 * forward.sparse + forward.dense) / (method.every + 1);
  }
}

/**
 * Size of the stored network in bits: 32 per live weight, 1 per weight of a sparse layer for its mask, 32 per output channel for a bias (into which
 * batch normalization is folded). @source as `micronetFlops`
 */
export function modelBits(net: Network, counts: LiveCounts = new Map()): number {
  return sumOver(net, counts, ({ live, size, channels }) => 32 * live + (live < size ? size : 0) + 32 * channels);
}

/** `modelBits` in megabytes of 8 million bits. */
export function modelMegabytes(net: Network, counts: LiveCounts = new Map()): number {
  return modelBits(net, counts) / 8e6;
}

export interface ParameterCount {
  /** All that is trained: weights, biases, scales and shifts of batch normalization. */
  readonly total: number;
  /** Weights that may be sparse. */
  readonly sparsifiable: number;
  /** Those of `sparsifiable` that live. */
  readonly live: number;
}

export function parameterCount(net: Network, counts: LiveCounts = new Map()): ParameterCount {
  let [total, sparsifiable, live] = [0, 0, 0];
  for (const [param, info] of net.params) {
    if (info.trainable) total += info.size;
    if (!info.sparsifiable) continue;
    sparsifiable += info.size;
    live += counts.get(param) ?? info.size;
  }
  return { total, sparsifiable, live };
}
