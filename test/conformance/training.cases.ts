/** One golden run: forward, loss, gradients, ten steps of SGD, against PyTorch in float64. */
import { momentumOf, type ParamName } from '@freetickets/sparse-core';
import { describe, expect } from 'vitest';
import { bits, expectClose } from './compare.ts';
import { readGolden } from './golden.ts';
import { type MakeEngine, openGolden, promise, type Skips, stepOptions, train } from './sessions.ts';

const STEPS = 10;
const FORWARD = 1e-5;
const GRADIENT = 1e-4;

export function trainingCases(name: string, makeEngine: MakeEngine, skips: Skips): void {
  const golden = readGolden(name);
  const trained = [...golden.network.params].filter(([, info]) => info.trainable).map(([param]) => param);

  describe(`${name}: ${golden.about}`, () => {
    promise(skips, 'predict', `logits before training match PyTorch within ${FORWARD}`, async () => {
      await using session = await openGolden(await makeEngine(), golden);
      const { images, size } = golden.batch(0);
      expectClose(await session.predict(images, size), golden.floats('logits_initial'), FORWARD, 'logits');
    });

    promise(skips, 'gradients', `loss within ${FORWARD} and gradients at live positions within ${GRADIENT} of PyTorch`, async () => {
      await using session = await openGolden(await makeEngine(), golden);
      const { loss, correct } = await session.trainStep(golden.batch(0), { ...stepOptions(golden, 0), update: false });
      expectClose([loss], golden.floats('losses').slice(0, 1), FORWARD, 'loss');
      expect(correct).toBe(golden.integers('correct')[0]);
      for (const param of trained)
        expectClose(
          await session.gradient(param),
          golden.stored(`gradient/${param}`, param, golden.state.topology),
          GRADIENT,
          `gradient of ${param}`,
        );
    });

    promise(skips, 'signal', `dense gradients of sparse weights match PyTorch within ${GRADIENT}, dead positions included`, async () => {
      await using session = await openGolden(await makeEngine(), golden);
      await session.trainStep(golden.batch(0), { ...stepOptions(golden, 0), keep: ['gradient'] });
      for (const param of golden.state.topology.keys())
        expectClose(await session.signal(param, 'gradient'), golden.floats(`gradient/${param}`), GRADIENT, `signal of ${param}`);
    });

    promise(
      skips,
      'training',
      `ten steps: losses, values, momentum, running statistics and logits within ${GRADIENT} of PyTorch`,
      async () => {
        await using session = await openGolden(await makeEngine(), golden);
        const results = await train(session, golden, STEPS);
        const losses = results.map((result) => result.loss);
        expectClose(losses, golden.floats('losses'), GRADIENT, 'losses');
        expect(results.map((result) => result.correct)).toEqual(Array.from(golden.integers('correct')));
        const { step, topology, values, momentum, secondMoments } = await session.snapshot();
        expect(step).toBe(STEPS);
        expect(topology).toEqual(golden.state.topology);
        for (const [param] of golden.network.params)
          expectClose(values.get(param) ?? [], golden.stored(`final/${param}`, param, topology), GRADIENT, `value of ${param}`);
        for (const param of momentumOf(golden.optimizer) > 0 ? trained : [])
          expectClose(momentum?.get(param) ?? [], golden.stored(`momentum/${param}`, param, topology), GRADIENT, `momentum of ${param}`);
        expect(secondMoments !== undefined).toBe(golden.optimizer.kind === 'adamw');
        for (const [param, found] of secondMoments ?? [])
          expectClose(found, golden.stored(`second_moment/${param}`, param, topology), GRADIENT, `second moment of ${param}`);
        const { images, size } = golden.evaluation;
        expectClose(await session.predict(images, size), golden.floats('logits_eval'), GRADIENT, 'logits');
        const { dropoutSeed } = golden;
        if (dropoutSeed === undefined) return;
        const dropped = await session.predict(images, size, { dropoutSeed });
        expectClose(dropped, golden.floats('logits_dropped'), GRADIENT, 'logits with dropout');
      },
    );

    if (golden.names.includes('images_gradient'))
      promise(
        skips,
        'images',
        `the gradient of the images matches PyTorch within ${GRADIENT}, the same bits on 1 and 3 threads`,
        async () => {
          const engine = await makeEngine();
          const { batchSize, loss } = golden;
          const open = (threads: number) =>
            engine.open(golden.network, golden.state, { batchSize: batchSize + 3, inputGradients: true, threads, ...(loss && { loss }) });
          await using session = await open(1);
          // Stale samples of a fuller batch would show.
          await session.predict(golden.batch(1).images, batchSize);
          const found = await session.inputGradient(golden.batch(0));
          expectClose(found, golden.floats('images_gradient'), GRADIENT, 'gradient of the images');
          await using other = await open(3);
          expect(bits(await other.inputGradient(golden.batch(0)))).toEqual(bits(found));
          expectClose(await session.predict(golden.evaluation.images, 7), await other.predict(golden.evaluation.images, 7), 0, 'logits');
        },
      );

    promise(skips, 'bits', '1, 2 and 3 threads give the same bits', async () => {
      const engine = await makeEngine();
      const runs: unknown[] = [];
      for (const threads of [1, 2, 3, 1]) {
        await using session = await openGolden(engine, golden, { threads });
        const results = await train(session, golden, 3);
        await session.trainStep(golden.batch(3), { ...stepOptions(golden, 3), keep: ['gradient'] });
        const read = async (param: ParamName) => [bits(await session.gradient(param)), bits(await session.signal(param, 'gradient'))];
        const gradients = await Promise.all([...golden.state.topology.keys()].map(read));
        runs.push({ results, gradients, logits: bits(await session.predict(golden.evaluation.images, golden.evaluation.size)) });
      }
      for (const run of runs.slice(1)) expect(run).toEqual(runs[0]);
    });
  });
}
