/** What a session promises whatever the network: no side effects, exact continuation, batches of any size. */
import type { Batch, Session, StepResult } from '@freetickets/sparse-core';
import { describe, expect } from 'vitest';
import { bits, expectClose, stateBits } from './compare.ts';
import { type Golden, readGolden } from './golden.ts';
import { type MakeEngine, openGolden, promise, type Skips, stepOptions, train } from './sessions.ts';

export function sessionCases(name: string, makeEngine: MakeEngine, skips: Skips): void {
  const golden = readGolden(name);
  const { images, size } = golden.evaluation;

  describe(`session on ${name}`, () => {
    promise(skips, 'batches', 'a batch smaller than the session allows gives the same within 1e-5', async () => {
      const engine = await makeEngine();
      await using roomy = await openGolden(engine, golden, { batchSize: 2 * golden.batchSize + 1 });
      await using exact = await openGolden(engine, golden);
      // First a full batch without an update, so that stale samples of it would show.
      await roomy.trainStep(merged(golden, 2 * golden.batchSize + 1), { ...stepOptions(golden, 0), update: false });
      expectClose(losses(await train(roomy, golden, 4)), losses(await train(exact, golden, 4)), 1e-5, 'losses');
      const [a, b] = [await roomy.snapshot(), await exact.snapshot()];
      for (const [param, values] of b.values) expectClose(a.values.get(param)!, values, 1e-5, param);
    });

    promise(skips, 'batches', 'predicting more images than the batch size equals predicting them in pieces, within 1e-6', async () => {
      await using session = await openGolden(await makeEngine(), golden, { batchSize: 2 });
      const whole = await session.predict(images, size);
      const sampleSize = images.length / size;
      if (golden.network.spec.nodes.some(({ op }) => op === 'memberScale')) {
        // Which member a sample belongs to depends on its place among all images given.
        await using roomy = await openGolden(await makeEngine(), golden, { batchSize: size });
        expectClose(whole, await roomy.predict(images, size), 1e-6, 'logits');
        return;
      }
      const pieces: number[] = [];
      for (let k = 0; k < size; k++) pieces.push(...(await session.predict(images.slice(k * sampleSize, (k + 1) * sampleSize), 1)));
      expectClose(whole, pieces, 1e-6, 'logits');
    });

    promise(skips, 'no-update', 'update: false changes no value, no statistic, no momentum and no counter', async () => {
      await using session = await openGolden(await makeEngine(), golden);
      await train(session, golden, 2);
      const before = stateBits(await session.snapshot());
      const dry = await session.trainStep(golden.batch(2), { ...stepOptions(golden, 2), keep: ['gradient'], update: false });
      expect(stateBits(await session.snapshot())).toEqual(before);
      expect(await train(session, golden, 3, 2)).toEqual([dry]);
    });

    promise(
      skips,
      'guard',
      'a guard leaves everything as it was when loss or gradient are none or too large, and changes no other step',
      async () => {
        const engine = await makeEngine();
        await using session = await openGolden(engine, golden);
        await using unguarded = await openGolden(engine, golden);
        const step = (batch: Batch, maxNorm?: number) => session.trainStep(batch, { ...stepOptions(golden, 0), guard: { maxNorm } });
        const [good, before] = [golden.batch(0), stateBits(await session.snapshot())];
        const { norm } = await step(good, 1e-9);
        let squares = 0;
        for (const [param, { trainable }] of golden.network.params)
          for (const slope of trainable ? await session.gradient(param) : []) squares += slope * slope;
        expectClose([norm!], [Math.sqrt(squares)], 1e-5, 'norm');
        expect(await step(good, norm! * 0.99)).toMatchObject({ refused: 'gradient' });
        // `loss` or `gradient`: max pooling in TensorFlow.js lets nothing through that is no number.
        expect(await step({ ...good, images: good.images.map(() => Number.NaN) })).toMatchObject({ refused: expect.any(String) });
        expect(stateBits(await session.snapshot())).toEqual(before);
        expect(await step(good, norm! * 1.01)).toEqual({ ...(await train(unguarded, golden, 1))[0], norm });
        expect(await train(session, golden, 3, 1)).toEqual(await train(unguarded, golden, 3, 1));
        expect(stateBits(await session.snapshot())).toEqual(stateBits(await unguarded.snapshot()));
      },
    );

    promise(skips, 'batches', 'keeping a signal changes a step by rounding at most, within 1e-5', async () => {
      const engine = await makeEngine();
      const run = async (keep: boolean) => {
        await using session = await openGolden(engine, golden);
        for (let step = 0; step < 3; step++)
          await session.trainStep(golden.batch(step), { ...stepOptions(golden, step), ...(keep && { keep: ['gradient'] }) });
        return session.snapshot();
      };
      const [kept, plain] = [await run(true), await run(false)];
      for (const [param, values] of plain.values) expectClose(kept.values.get(param)!, values, 1e-5, param);
    });

    promise(skips, 'bits', 'a snapshot opened again continues bit for bit', async () => {
      const engine = await makeEngine();
      await using session = await openGolden(engine, golden);
      await train(session, golden, 4);
      const snapshot = await session.snapshot();
      const { batchSize, optimizer } = golden;
      await using other = await engine.open(golden.network, snapshot, { batchSize, optimizer, signals: ['gradient'], threads: 2 });
      expect(stateBits(await other.snapshot())).toEqual(stateBits(snapshot));
      expect(await train(other, golden, 8, 4)).toEqual(await train(session, golden, 8, 4));
      expect(stateBits(await other.snapshot())).toEqual(stateBits(await session.snapshot()));
    });

    promise(skips, 'bits', 'an optimizer that finds no moments starts afresh, whatever steps the model has taken', async () => {
      const engine = await makeEngine();
      const trainedFrom = async (step: number) => {
        await using session = await openGolden(engine, { ...golden, state: { ...golden.state, step } });
        return { results: await train(session, golden, 2), state: stateBits(await session.snapshot()) };
      };
      expect(await trainedFrom(1000)).toEqual(await trainedFrom(0));
    });

    promise(skips, 'bits', 'predicting between steps changes nothing', async () => {
      const engine = await makeEngine();
      await using session = await openGolden(engine, golden);
      await using quiet = await openGolden(engine, golden);
      for (let step = 0; step < 3; step++) {
        await train(session, golden, step + 1, step);
        await session.predict(images, size);
      }
      await train(quiet, golden, 3);
      expect(stateBits(await session.snapshot())).toEqual(stateBits(await quiet.snapshot()));
    });

    promise(skips, 'copies', 'what goes in is not changed, and what came out stays as it was', async () => {
      const engine = await makeEngine();
      const before = stateBits(golden.state);
      await using session = await openGolden(engine, golden);
      const batch = golden.batch(0);
      await session.trainStep(batch, { ...stepOptions(golden, 0), keep: ['gradient'] });
      const [param] = golden.state.topology.keys();
      const out = [await session.gradient(param!), await session.predict(images, size)];
      const kept = out.map(bits);
      const snapshot = await session.snapshot();
      const keptState = stateBits(snapshot);
      await session.trainStep(golden.batch(1), { ...stepOptions(golden, 1), keep: ['gradient'] });
      await session.gradient(param!);
      await session.signal(param!, 'gradient');
      await session.predict(golden.batch(0).images, golden.batchSize);
      expect(out.map(bits)).toEqual(kept);
      expect(stateBits(snapshot)).toEqual(keptState);
      expect(stateBits(golden.state)).toEqual(before);
      expect(batch).toEqual(golden.batch(0));
    });

    promise(skips, 'two-sessions', 'two sessions of one engine, running at the same time, do not disturb each other', async () => {
      const engine = await makeEngine();
      const other = readGolden(name === 'lenet-300-100' ? 'lenet5' : 'lenet-300-100');
      const alone = [await trained(await openGolden(engine, golden), golden), await trained(await openGolden(engine, other), other)];
      const [a, b, c] = [await openGolden(engine, golden), await openGolden(engine, other), await openGolden(engine, golden)];
      const together = await Promise.all([trained(a, golden), trained(b, other), trained(c, golden)]);
      expect(together).toEqual([...alone, alone[0]]);
    });

    promise(skips, 'predict', 'a session without an optimizer predicts what a training session predicts', async () => {
      const engine = await makeEngine();
      await using training = await openGolden(engine, golden);
      await using serving = await engine.open(golden.network, golden.state, { batchSize: 3 });
      expectClose(await serving.predict(images, size), await training.predict(images, size), 1e-6, 'logits');
    });
  });
}

const losses = (results: readonly StepResult[]): number[] => results.map((result) => result.loss);

/** Five steps, then the end of the session; what came of it. */
async function trained(session: Session, golden: Golden) {
  await using open = session;
  return { results: await train(open, golden, 5), state: stateBits(await open.snapshot()) };
}

/** The first `size` samples of the run as one batch. */
function merged(golden: Golden, size: number): Batch {
  const batches = [0, 1, 2].map((step) => golden.batch(step));
  const sampleSize = batches[0]!.images.length / golden.batchSize;
  return {
    size,
    images: Float32Array.from(batches.flatMap((batch) => [...batch.images]).slice(0, size * sampleSize)),
    labels: Int32Array.from(batches.flatMap((batch) => [...batch.labels]).slice(0, size)),
  };
}
