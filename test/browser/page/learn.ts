/** A small wide residual network predicts, learns and predicts again. The page and the test beside it run this, each in its own JavaScript. */
import { bestEngine, referenceEngine, wasmEngine } from '@freetickets/engine-sparse';
import { type Engine, erk, initialState, network, randomTopology, rng, wideResNet } from '@freetickets/sparse-core';

export interface Outcome {
  /** Of the best engine here. */
  readonly name: string;
  readonly best: Lesson;
  /** WebAssembly without fused multiply-adds. */
  readonly plain: Lesson;
  readonly reference: Lesson;
}

/** Logits (9, 4), before and after three steps, and the losses of the steps. */
interface Lesson {
  readonly before: readonly number[];
  readonly losses: readonly number[];
  readonly after: readonly number[];
}

const SIZE = 9;

export async function learn(): Promise<Outcome> {
  const best = bestEngine({ onFallback: () => {} });
  const plain = wasmEngine({ variant: 'plain' });
  return { name: best.name, best: await lesson(best), plain: await lesson(plain), reference: await lesson(referenceEngine()) };
}

async function lesson(engine: Engine): Promise<Lesson> {
  const net = network(wideResNet({ depth: 10, widen: 1, input: [3, 12, 12], classes: 4 }));
  const state = initialState(net, randomTopology(net, erk()(net, 0.8), 1), 1);
  const stream = rng(1).stream('images');
  const images = Float32Array.from({ length: SIZE * 3 * 12 * 12 }, () => stream.normal());
  const labels = Int32Array.from({ length: SIZE }, (_, n) => n % 4);
  await using session = await engine.open(net, state, { batchSize: SIZE, optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } });
  const before = await session.predict(images, SIZE);
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { loss } = await session.trainStep({ size: SIZE, images, labels }, { learningRate: 0.05 });
    losses.push(loss);
  }
  return { before: [...before], losses, after: [...(await session.predict(images, SIZE))] };
}
