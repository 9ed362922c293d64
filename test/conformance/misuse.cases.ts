/** What an engine must refuse, with an error that explains, and be as before afterwards. */
import {
  type Batch,
  type ErrorCode,
  type ModelState,
  type ParamName,
  type Session,
  SparseError,
  type TopologyDelta,
} from '@freetickets/sparse-core';
import { describe, expect } from 'vitest';
import { stateBits } from './compare.ts';
import { type Golden, readGolden } from './golden.ts';
import { exchange } from './rewire.cases.ts';
import { type MakeEngine, openGolden, promise, type Skips, stepOptions, train } from './sessions.ts';

type Act = (session: Session, golden: Golden) => Promise<unknown>;

const trainWith = (change: (batch: Batch, golden: Golden) => Partial<Batch>): Act => {
  return (session, golden) => session.trainStep({ ...golden.batch(2), ...change(golden.batch(2), golden) }, stepOptions(golden, 2));
};

const rewireWith = (change: (delta: TopologyDelta, state: ModelState) => Partial<TopologyDelta>): Act => {
  return async (session) => {
    const state = await session.snapshot();
    const [first, ...others] = exchange(state, 0.3) as [TopologyDelta, ...TopologyDelta[]];
    // The faulty delta comes last: those before it must not have been carried out.
    await session.rewire([...others, { ...first, ...change(first, state) }]);
  };
};

const labelled = (label: number): Act => trainWith(({ labels }) => ({ labels: labels.map((old, k) => (k === 1 ? label : old)) }));

/** Each on a training session after two steps. */
const MISUSES: Readonly<Record<string, Act>> = {
  'a batch bigger than the session allows': trainWith(({ size, images, labels }) => ({
    size: 2 * size,
    images: Float32Array.from([...images, ...images]),
    labels: Int32Array.from([...labels, ...labels]),
  })),
  'an empty batch': trainWith(() => ({ size: 0, images: new Float32Array(), labels: new Int32Array() })),
  'a batch with too few pixels': trainWith(({ images }) => ({ images: images.slice(1) })),
  'a batch with too few labels': trainWith(({ labels }) => ({ labels: labels.slice(1) })),
  'a negative label': labelled(-1),
  'a label that is no class': (session, golden) => labelled(golden.network.classes)(session, golden),
  'images to predict with too many pixels': (session, { evaluation }) =>
    session.predict(Float32Array.from([...evaluation.images, 0]), evaluation.size),
  'the gradient of an unknown parameter': (session) => session.gradient('nowhere.weight'),
  'the signal of a step that did not keep it': (session, golden) => session.signal([...golden.state.topology.keys()][0]!, 'gradient'),
  'a delta of an unknown parameter': rewireWith(() => ({ param: 'nowhere.weight' })),
  'a delta of a dense weight': rewireWith(() => ({ param: 'fc2.weight', dropped: Uint32Array.of(0), grown: Uint32Array.of(1) })),
  'a delta that drops a dead weight': rewireWith(({ param, dropped }, state) => ({
    dropped: Uint32Array.from([...dropped.slice(1), deadOf(state, param)]).sort(),
  })),
  'a delta that grows a live weight': rewireWith(({ dropped, grown, param }, state) => {
    const survivor = state.topology.get(param)!.live.find((position) => !dropped.includes(position))!;
    return { grown: Uint32Array.from([...grown.slice(1), survivor]).sort() };
  }),
  'a delta that grows beyond the last position': rewireWith(({ grown }) => ({ grown: Uint32Array.from([...grown.slice(1), 1e6]) })),
  'a delta that grows one weight twice': rewireWith(({ grown }) => ({ grown: Uint32Array.from([grown[1]!, ...grown.slice(1)]) })),
  'a delta that changes the live count': rewireWith(({ dropped }) => ({ dropped: dropped.slice(1) })),
};

const deadOf = (state: ModelState, param: ParamName): number => {
  const live = new Set(state.topology.get(param)!.live);
  let position = 0;
  while (live.has(position)) position++;
  return position;
};

export function misuseCases(makeEngine: MakeEngine, skips: Skips): void {
  const golden = readGolden('rewire');

  describe('misuse', () => {
    for (const [misuse, act] of Object.entries(MISUSES))
      promise(skips, 'misuse', `${misuse} is refused and leaves the session as it was`, async () => {
        const engine = await makeEngine();
        await using session = await openGolden(engine, golden);
        await using undisturbed = await openGolden(engine, golden);
        await train(session, golden, 2);
        await train(undisturbed, golden, 2);
        await expectRefusal(() => act(session, golden));
        expect(stateBits(await session.snapshot())).toEqual(stateBits(await undisturbed.snapshot()));
        expect(await train(session, golden, 4, 2)).toEqual(await train(undisturbed, golden, 4, 2));
      });

    promise(skips, 'misuse', 'a gradient asked for before the first step is refused', async () => {
      await using session = await openGolden(await makeEngine(), golden);
      await expectRefusal(() => session.gradient('fc2.bias'));
    });

    promise(skips, 'signal', 'a signal that was not opened is refused with ENGINE_LACKS_SIGNAL', async () => {
      await using session = await openGolden(await makeEngine(), golden, { signals: [] });
      await expectRefusal(
        () => session.trainStep(golden.batch(0), { ...stepOptions(golden, 0), keep: ['gradient'] }),
        'ENGINE_LACKS_SIGNAL',
      );
      await train(session, golden, 1);
      await expectRefusal(() => session.signal('conv1.weight', 'gradient'), 'ENGINE_LACKS_SIGNAL');
    });

    promise(skips, 'misuse', 'a session without an optimizer refuses to train', async () => {
      const engine = await makeEngine();
      await using session = await engine.open(golden.network, golden.state, { batchSize: golden.batchSize });
      await expectRefusal(() => train(session, golden, 1));
    });

    promise(skips, 'misuse', 'labels for too few heads, and shares that are none, are refused', async () => {
      const heads = readGolden('mixed-heads');
      await using session = await openGolden(await makeEngine(), heads);
      const batch = heads.batch(0);
      const { labels, shares } = batch.mixed!;
      const tooFew = labels.slice(0, heads.batchSize);
      const step = (change: Partial<Batch>) => () => session.trainStep({ ...batch, ...change }, stepOptions(heads, 0));
      await expectRefusal(step({ labels: tooFew }), 'SHAPE_MISMATCH');
      await expectRefusal(step({ mixed: { labels: tooFew, shares } }), 'SHAPE_MISMATCH');
      await expectRefusal(step({ mixed: { labels, shares: shares.slice(1) } }), 'SHAPE_MISMATCH');
      for (const share of [-0.1, 1.1, Number.NaN]) await expectRefusal(step({ mixed: { labels, shares: shares.map(() => share) } }));
      await expectRefusal(step({ mixed: { labels: labels.map(() => heads.network.classes), shares } }));
      await step({})();
    });

    promise(skips, 'misuse', 'a step of a network with dropout and no seed is refused, and a seed that is no whole number', async () => {
      const dropout = readGolden('dropout');
      await using session = await openGolden(await makeEngine(), dropout);
      for (const seed of [{}, { dropoutSeed: -1 }, { dropoutSeed: 0.5 }])
        await expectRefusal(() => session.trainStep(dropout.batch(0), { learningRate: 0.1, ...seed }));
      await expectRefusal(() => session.predict(dropout.evaluation.images, 7, { dropoutSeed: Number.NaN }));
    });

    promise(skips, 'images', 'the gradient of images is refused where it was not opened, or where something is trained', async () => {
      const engine = await makeEngine();
      const { batchSize } = golden;
      await using training = await openGolden(engine, golden);
      await using serving = await engine.open(golden.network, golden.state, { batchSize });
      await expectRefusal(() => training.inputGradient(golden.batch(0)), 'INVALID_ARGUMENT');
      await expectRefusal(() => serving.inputGradient(golden.batch(0)), 'INVALID_ARGUMENT');
      await expectRefusal(() => openGolden(engine, golden, { inputGradients: true }), 'INVALID_ARGUMENT');
      await using session = await engine.open(golden.network, golden.state, { batchSize, inputGradients: true });
      await expectRefusal(() => session.inputGradient({ ...golden.batch(0), size: 1 }), 'SHAPE_MISMATCH');
    });

    promise(skips, 'misuse', 'a loss or an optimizer out of its range is refused', async () => {
      const engine = await makeEngine();
      for (const labelSmoothing of [-0.1, 1, Number.NaN])
        await expectRefusal(() => openGolden(engine, golden, { loss: { labelSmoothing } }));
      for (const clipNorm of [0, -1, Number.NaN])
        await expectRefusal(() => openGolden(engine, golden, { optimizer: { ...golden.optimizer, clipNorm } }));
      for (const beta2 of [1, -0.5])
        await expectRefusal(() => openGolden(engine, golden, { optimizer: { kind: 'adamw', weightDecay: 0, beta2 } }));
    });

    promise(skips, 'misuse', 'a disposed session refuses everything but another disposal', async () => {
      const session = await openGolden(await makeEngine(), golden);
      await train(session, golden, 1);
      await session[Symbol.asyncDispose]();
      const { images, size } = golden.evaluation;
      await expectRefusal(() => train(session, golden, 1));
      await expectRefusal(() => session.predict(images, size));
      await expectRefusal(() => session.snapshot());
      await expectRefusal(() => session.rewire(exchange(golden.state, 0.3)));
      await expectRefusal(() => session.gradient('fc2.bias'));
      await session[Symbol.asyncDispose]();
    });

    promise(skips, 'misuse', 'a state that does not belong to the network is refused with SHAPE_MISMATCH', async () => {
      const engine = await makeEngine();
      const { values } = golden.state;
      const changed = (param: ParamName, value?: Float32Array): ModelState => {
        const others = [...values].filter(([name]) => name !== param);
        return { ...golden.state, values: new Map(value ? [...others, [param, value]] : others) };
      };
      for (const state of [
        changed('conv1.weight'),
        changed('conv1.weight', values.get('conv1.weight')!.slice(1)),
        changed('bn.running_var', new Float32Array(3)),
      ])
        await expectRefusal(() => engine.open(golden.network, state, { batchSize: 2 }), 'SHAPE_MISMATCH');
      await expectRefusal(() => engine.open(readGolden('lenet5').network, golden.state, { batchSize: 2 }), 'SHAPE_MISMATCH');
    });

    promise(skips, 'misuse', 'a batch size that is no whole number of at least 1 is refused', async () => {
      const engine = await makeEngine();
      for (const batchSize of [0, -1, 1.5, Number.NaN]) await expectRefusal(() => engine.open(golden.network, golden.state, { batchSize }));
    });
  });
}

/** The error must be a SparseError whose sentence names the place, what was expected and what came. */
async function expectRefusal(act: () => Promise<unknown>, code?: ErrorCode): Promise<void> {
  const error: unknown = await (async () => act())().then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SparseError);
  expect((error as SparseError).message).toMatch(/.+: expected .+, received .+/);
  if (code) expect((error as SparseError).code).toBe(code);
}
