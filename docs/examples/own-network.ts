import { generated, sourceOf, splitValidation } from '@freetickets/datasets';
import { edst, type GrowRule, train } from '@freetickets/dst-trainer';
import { bestEngine } from '@freetickets/engine-sparse';
import { type NetworkSpec, network, parameterCount } from '@freetickets/sparse-core';

const spec: NetworkSpec = {
  version: 1,
  name: 'small',
  input: { shape: [1, 16, 16] },
  nodes: [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 8, kernel: 3, stride: 2, pad: 1 },
    { id: 'relu1', op: 'relu', from: ['conv1'] },
    { id: 'flat', op: 'flatten', from: ['relu1'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 10 },
  ],
  output: 'fc',
};
const net = network(spec); // checked; every shape known
console.log(parameterCount(net).total); // 5210 = 8 * 9 + 8, and 8 * 8 * 8 * 10 + 10

const noisy: GrowRule = {
  kind: 'noisy gradient',
  needs: ['gradient'],
  score: (layer) => layer.signals.gradient!.map((g) => Math.abs(g) * (1 + 0.1 * layer.random())),
};
const set = generated({ train: 1000 });
const parts = splitValidation(set.train, 0.2);
const data = { train: sourceOf(parts.train, { dataset: set }), valid: sourceOf(parts.validation, { dataset: set }) };
const plan = edst({ tickets: 2, sparsity: 0.8, exploreEpochs: 3, refineEpochs: 2, batchSize: 50, rewiring: { grow: noisy, every: 20 } });

for await (const event of train({ network: net, plan, data, engine: bestEngine(), seed: 17 }))
  if (event.type === 'ticket') console.log(`ticket ${event.index}: validation accuracy ${event.validAccuracy}`);
