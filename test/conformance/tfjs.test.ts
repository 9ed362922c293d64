/**
 * The dense, masked engine on TensorFlow.js. The backend in WebAssembly runs everything; the one in plain JavaScript, which is slow and takes the
 * way through other kernels, a few cases. TFJS_BACKENDS=tensorflow,wasm,cpu runs everything on each of these.
 */
import { bestEngine } from '@freetickets/engine-sparse';
import { tfjsEngine } from '@freetickets/engine-tfjs';
import { BACKENDS, loadTfjs } from '@freetickets/engine-tfjs/node';
import { momentumOf } from '@freetickets/sparse-core';
import { describe, it } from 'vitest';
import { expectClose } from './compare.ts';
import { engineCases } from './engine.cases.ts';
import { readGolden } from './golden.ts';
import { type MakeEngine, openGolden, train } from './sessions.ts';

const FEW = {
  training: ['adamw-kinds', 'avg-pool3-stride2', 'conv3-stride2-odd', 'images-branches', 'lenet5', 'max-pool3-stride2-pad1'],
  sessions: ['lenet5'],
};
const wanted = process.env.TFJS_BACKENDS?.split(',');

for (const backend of BACKENDS.filter((name) => wanted?.includes(name) ?? name !== 'tensorflow')) {
  const makeEngine = async () => tfjsEngine(await loadTfjs(backend));
  engineCases(`tfjs/${backend}`, makeEngine, {}, !wanted && backend === 'cpu' ? FEW : {});
  describe(`tfjs/${backend} and the sparse engine`, () => {
    const sparse = () => bestEngine({ onFallback() {} });
    const ways: readonly (readonly [string, MakeEngine, MakeEngine])[] = [
      ['sparse first', sparse, makeEngine],
      ['tfjs first', makeEngine, sparse],
    ];
    for (const [order, first, second] of ways)
      it.each(['lenet5', 'wrn-10-1', 'dropout', 'sgd-kinds', 'adamw-kinds'])(
        `five steps each, ${order}: %s ends where PyTorch does`,
        (name) => expectRelay(name, first, second),
      );
  });
}

async function expectRelay(name: string, first: MakeEngine, second: MakeEngine): Promise<void> {
  const golden = readGolden(name);
  await using before = await openGolden(await first(), golden);
  const losses = (await train(before, golden, 5)).map(({ loss }) => loss);
  const state = await before.snapshot();
  await using after = await openGolden(await second(), { ...golden, state });
  losses.push(...(await train(after, golden, 10, 5)).map(({ loss }) => loss));
  expectClose(losses, golden.floats('losses'), 1e-4, 'losses');
  const { topology, values, momentum } = await after.snapshot();
  for (const [param, found] of values) expectClose(found, golden.stored(`final/${param}`, param, topology), 1e-4, `value of ${param}`);
  for (const [param, found] of momentumOf(golden.optimizer) > 0 ? momentum! : [])
    expectClose(found, golden.stored(`momentum/${param}`, param, topology), 1e-4, `momentum of ${param}`);
}
