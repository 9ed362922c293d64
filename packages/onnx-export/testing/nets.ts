/** Small networks with random states, for tests. */
import {
  initialState,
  type ModelState,
  type Network,
  type NetworkSpec,
  type NodeSpec,
  randomTopology,
  rng,
} from '@freetickets/sparse-core';

export const spec = (shape: readonly number[], nodes: readonly NodeSpec[], name = 'case'): NetworkSpec => ({
  version: 1,
  name,
  input: { shape },
  nodes,
  output: nodes.at(-1)!.id,
});

/** From the node `last` to four classes. */
export const head: readonly NodeSpec[] = [
  { id: 'flat', op: 'flatten', from: ['last'] },
  { id: 'fc', op: 'linear', from: ['flat'], out: 4 },
];

export const residual = spec(
  [3, 8, 8],
  [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 6, kernel: 3, pad: 1, bias: false },
    { id: 'bn1', op: 'batchNorm', from: ['conv1'] },
    { id: 'relu1', op: 'relu', from: ['bn1'] },
    { id: 'conv2', op: 'conv2d', from: ['relu1'], out: 6, kernel: 3, pad: 1, bias: false },
    { id: 'bn2', op: 'batchNorm', from: ['conv2'] },
    { id: 'sum', op: 'add', from: ['bn2', 'relu1'] },
    { id: 'relu2', op: 'relu', from: ['sum'] },
    { id: 'last', op: 'globalAvgPool', from: ['relu2'] },
    { id: 'fc', op: 'linear', from: ['last'], out: 4 },
  ],
);

/** Each exercises what its name says. */
export const nets: Readonly<Record<string, NetworkSpec>> = {
  'a linear layer with and without bias': spec(
    [7],
    [
      { id: 'fc1', op: 'linear', from: ['input'], out: 9, bias: false },
      { id: 'relu', op: 'relu', from: ['fc1'] },
      { id: 'fc2', op: 'linear', from: ['relu'], out: 4 },
    ],
  ),
  'stride 2 with padding, over an odd size': spec(
    [2, 7, 9],
    [{ id: 'last', op: 'conv2d', from: ['input'], out: 3, kernel: 3, stride: 2, pad: 1 }, ...head],
  ),
  'a 5 x 5 kernel without bias, a dense 1 x 1 kernel': spec(
    [2, 6, 6],
    [
      { id: 'conv', op: 'conv2d', from: ['input'], out: 3, kernel: 5, pad: 2, bias: false },
      { id: 'last', op: 'conv2d', from: ['conv'], out: 2, kernel: 1, dense: true },
      ...head,
    ],
  ),
  'max pooling, overlapping and padded, of negative values': spec(
    [2, 7, 7],
    [{ id: 'low', op: 'batchNorm', from: ['input'] }, { id: 'last', op: 'maxPool', from: ['low'], kernel: 3, stride: 2, pad: 1 }, ...head],
  ),
  'max pooling with the default stride, which drops the last row': spec(
    [2, 5, 5],
    [{ id: 'last', op: 'maxPool', from: ['input'], kernel: 2 }, ...head],
  ),
  'average pooling, overlapping': spec([2, 7, 7], [{ id: 'last', op: 'avgPool', from: ['input'], kernel: 3, stride: 2 }, ...head]),
  'a residual block with foldable batch norms': residual,
  'a batch norm after a convolution that feeds something else too': spec(
    [3, 6, 6],
    [
      { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, pad: 1 },
      { id: 'bn', op: 'batchNorm', from: ['conv'], eps: 0.01 },
      { id: 'last', op: 'add', from: ['bn', 'conv'] },
      ...head,
    ],
  ),
  'batch norms of the input, of a linear layer, of a relu, and as output': spec(
    [5],
    [
      { id: 'bn0', op: 'batchNorm', from: ['input'] },
      { id: 'fc1', op: 'linear', from: ['bn0'], out: 6, bias: false },
      { id: 'bn1', op: 'batchNorm', from: ['fc1'] },
      { id: 'relu', op: 'relu', from: ['bn1'] },
      { id: 'bn2', op: 'batchNorm', from: ['relu'] },
      { id: 'fc2', op: 'linear', from: ['bn2'], out: 4 },
      { id: 'bn3', op: 'batchNorm', from: ['fc2'] },
    ],
  ),
  'names that look like parameters of other nodes': spec(
    [2, 4, 4],
    [
      { id: 'conv', op: 'conv2d', from: ['input'], out: 2, kernel: 3, pad: 1 },
      { id: 'conv.weight', op: 'relu', from: ['conv'] },
      { id: 'last', op: 'add', from: ['conv.weight', 'conv.weight'] },
      ...head,
    ],
  ),
};

/** A third of every sparsifiable weight lives; batch norms get statistics of their own, so that each of their numbers counts. */
export function randomState(net: Network, seed: number): ModelState {
  const counts = [...net.params].flatMap(([param, { sparsifiable, size }]) =>
    sparsifiable ? [[param, Math.ceil(size / 3)] as const] : [],
  );
  const state = initialState(net, randomTopology(net, new Map(counts), seed), seed);
  const values = new Map(state.values);
  for (const [param, { kind, size }] of net.params) {
    const stream = rng(seed).stream('statistics', param);
    if (kind === 'scale' || kind === 'runningVariance')
      values.set(
        param,
        Float32Array.from({ length: size }, () => 0.5 + stream.uniform()),
      );
    if (kind === 'shift' || kind === 'runningMean')
      values.set(
        param,
        Float32Array.from({ length: size }, () => stream.normal() / 2),
      );
  }
  return { ...state, values, step: 100 * seed };
}
