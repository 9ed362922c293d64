import { tfjsEngine } from '@freetickets/engine-tfjs';
import { loadTfjs } from '@freetickets/engine-tfjs/node';
import { erk, initialState, lenet300, network, randomTopology, rng } from '@freetickets/sparse-core';

const engine = tfjsEngine(await loadTfjs()); // TensorFlow if it is installed, else its backend in WebAssembly
const net = network(lenet300({ input: [20], classes: 2 }));
const topology = randomTopology(net, erk()(net, 0.9), 1); // one weight in ten lives; the others are zeros in dense tensors
const session = await engine.open(net, initialState(net, topology, 1), {
  batchSize: 64,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
});

const stream = rng(1).stream('batches'); // 20 numbers each: is their sum positive?
for (let step = 0; step < 200; step++) {
  const images = Float32Array.from({ length: 64 * 20 }, () => stream.normal());
  const labels = Int32Array.from({ length: 64 }, (_, n) => Number(images.slice(n * 20, n * 20 + 20).reduce((a, b) => a + b) > 0));
  const { loss, correct } = await session.trainStep({ size: 64, images, labels }, { learningRate: 0.05 });
  if (step % 50 === 49) console.log(`${engine.name}, step ${step + 1}: loss ${loss.toFixed(3)}, ${correct} of 64 right`);
}
await session[Symbol.asyncDispose](); // or `await using session = ...`; the tensors are released
