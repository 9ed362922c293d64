/**
 * Worker threads that train on an engine of their own and are ended wherever they are, most of them during a call into the addon, while this thread trains
 * too; then sessions that are given up and collected. Whatever this thread computes has to stay the same.
 *
 *     node --expose-gc tooling/fuzz/addon-workers.mjs [--engine FOLDER] [--workers 100] [--seed 1]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { initialState, network, randomTopology, rng, wideResNet } from '../../packages/sparse-core/dist/index.js';

const { values: options } = parseArgs({
  args: workerData?.args ?? process.argv.slice(2),
  options: {
    engine: { type: 'string', default: new URL('../../packages/engine-sparse', import.meta.url).pathname },
    workers: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const { nativeEngine } = await import(`${options.engine}/dist/index.js`);

const net = network(wideResNet({ depth: 10, widen: 1, input: [3, 16, 16] }));
const counts = new Map([...net.params].filter(([, info]) => info.sparsifiable).map(([param, { size }]) => [param, Math.round(size / 5)]));
const state = initialState(net, randomTopology(net, counts, 1), 1);
const SIZE = 20;
const stream = rng(Number(options.seed)).stream('workers');
const images = Float32Array.from({ length: SIZE * 3 * 16 * 16 }, (_, i) => ((i * 7919) % 256) / 128 - 1);
const batch = { size: SIZE, images, labels: Int32Array.from({ length: SIZE }, (_, n) => n % net.classes) };
const open = (threads) =>
  nativeEngine().open(net, state, { batchSize: SIZE, optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 }, threads });

async function losses(steps) {
  const session = await open(2);
  const found = [];
  for (let k = 0; k < steps; k++) found.push((await session.trainStep(batch, { learningRate: 0.01 })).loss);
  await session[Symbol.asyncDispose]();
  return String(found);
}

if (!isMainThread) {
  const session = await open(workerData.threads);
  parentPort.postMessage('ready');
  for (;;) await session.trainStep(batch, { learningRate: 0.01 });
}

const expected = await losses(3);
let during = 0;
for (let n = 0; n < Number(options.workers); n++) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { args: process.argv.slice(2), threads: 1 + (n % 3) } });
  const ready = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  // Some end while they are still starting.
  if (n % 4 !== 0) {
    await ready;
    await delay(stream.uniform() * 20);
    during++;
  } else ready.catch(() => {});
  await worker.terminate();
  if (n % 5 === 0 && (await losses(3)) !== expected) throw new Error('what this thread computes has changed');
}
for (let n = 0; n < 20; n++) {
  const session = await open(1 + (n % 3)); // nobody closes it
  await session.trainStep(batch, { learningRate: 0.01 });
  if (n % 5 === 0) gc();
}
gc();
if ((await losses(3)) !== expected) throw new Error('what this thread computes has changed');
console.log(`addon: ${options.workers} workers ended, ${during} of them while they trained, seed ${options.seed}`);
