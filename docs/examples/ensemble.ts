import { referenceEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import { erk, initialState, lenet5, network, randomTopology } from '@freetickets/sparse-core';

// Three untrained tickets stand in for trained ones, which `loadTicket(path)` of '@freetickets/sparse-core/node' reads.
const net = network(lenet5());
const tickets = [1, 2, 3].map((seed) => initialState(net, randomTopology(net, erk()(net, 0.8), seed), seed));

await using ensemble = await openEnsemble(tickets, { engine: referenceEngine() });
const images = new Float32Array(2 * 28 * 28).fill(0.5); // (2, 1, 28, 28), normalised as in training
const { probs, memberProbs } = await ensemble.predict(images, 2);
console.log(probs.length, memberProbs.length); // 20 = 2 x 10 classes, 60 = 3 members x 2 x 10
