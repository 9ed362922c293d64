/**
 * Runs the prebuilt addon that this Node loads: two training steps and a prediction of LeNet-5 and of a small wide residual network in every
 * instruction set that the processor has, compared with the reference engine. Needs nothing but the built or installed package, so any
 * Node can run it: one under emulation, one on a platform that the tests do not reach. CONTRIBUTING.md has the commands.
 */
import { initialState, lenet5, network, randomTopology, rng, wideResNet } from '@freetickets/sparse-core';
import { nativeEngine, nativeStatus, referenceEngine } from '../dist/index.js';

/** Of max |found - truth| / max |truth|: rounding only, but some activations lie so near zero that it moves them across. */
const BOUND = 1e-3;
const BATCH = 20;

const cases = [lenet5(), wideResNet({ depth: 10, widen: 1, input: [3, 16, 16] })].map((spec) => {
  const net = network(spec);
  const live = new Map();
  for (const [param, { sparsifiable, size }] of net.params) if (sparsifiable) live.set(param, Math.round(size / 5));
  const image = spec.input.shape.reduce((product, size) => product * size);
  const stream = rng(1).stream('images');
  const images = Float32Array.from({ length: BATCH * image }, () => stream.normal());
  const labels = Int32Array.from({ length: BATCH }, (_, n) => n % 10);
  return { net, state: initialState(net, randomTopology(net, live, 1), 1), batch: { size: BATCH, images, labels } };
});

/** Losses, logits and every value after two steps. */
async function results(engine, { net, state, batch }, threads) {
  const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 };
  const session = await engine.open(net, state, { batchSize: BATCH, optimizer, threads });
  const losses = [];
  for (let step = 0; step < 2; step++) losses.push((await session.trainStep(batch, { learningRate: 0.02 })).loss);
  const { values } = await session.snapshot();
  const found = new Map([...values, ['losses', losses], ['logits', await session.predict(batch.images, BATCH)]]);
  await session[Symbol.asyncDispose]();
  return found;
}

/** The largest relative error of all arrays; NaN counts as infinite. */
function largestError(found, truth) {
  let largest = 0;
  for (const [name, expected] of truth) {
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
    const values = found.get(name);
    for (let k = 0; k < expected.length; k++) {
      const error = Math.abs(values[k] - expected[k]) / scale;
      if (!(error <= largest)) largest = Number.isNaN(error) ? Infinity : error;
    }
  }
  return largest;
}

const status = nativeStatus();
console.log(`node ${process.version} ${process.platform}-${process.arch}: ${status.path ?? `no native kernels: ${status.reason}`}`);
let failed = !/[\\/]prebuilds[\\/]/.test(status.path ?? '');
if (failed) console.log('DIFFERS: expected an addon of the folder prebuilds');
for (const one of cases) {
  const truth = await results(referenceEngine(), one);
  for (const variant of status.variants)
    for (const threads of [1, 3]) {
      const start = performance.now();
      const error = largestError(await results(nativeEngine({ variant }), one, threads), truth);
      const milliseconds = (performance.now() - start).toFixed(0);
      const verdict = error <= BOUND ? 'agrees' : 'DIFFERS';
      console.log(
        `${verdict}: ${one.net.spec.name} native/${variant}, threads ${threads}: error ${error.toExponential(1)}, ${milliseconds} ms`,
      );
      failed ||= error > BOUND;
    }
}
process.exitCode = failed ? 1 : 0;
