import { generated, sourceOf, splitValidation } from '@freetickets/datasets';
import { edst, train } from '@freetickets/dst-trainer';
import { referenceEngine } from '@freetickets/engine-sparse';
import { lenet300, network } from '@freetickets/sparse-core';

const set = generated({ train: 1000 }); // small digits, drawn on the spot
const parts = splitValidation(set.train, 0.2);
const data = { train: sourceOf(parts.train, { dataset: set }), valid: sourceOf(parts.validation, { dataset: set }) };
const net = network(lenet300({ input: set.shape }));
const plan = edst({ tickets: 2, sparsity: 0.8, exploreEpochs: 3, refineEpochs: 2, batchSize: 50, rewiring: { every: 20 } });

for await (const event of train({ network: net, plan, data, engine: referenceEngine(), seed: 17 })) {
  if (event.type === 'epoch') console.log(`${event.phase}, epoch ${event.epoch} of ${event.of}: loss ${event.loss.toFixed(3)}`);
  if (event.type === 'ticket') console.log(`ticket ${event.index}: validation accuracy ${event.validAccuracy}`);
}
