/** The exported ensemble is the ensemble: onnxruntime gives the same probabilities as the engine within 1e-5, on 1,000 test pictures. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, type LoadOptions, loadDataset, sourceOf } from '@freetickets/datasets';
import { bestEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import { loadTicket } from '@freetickets/sparse-core/node';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { CIFAR, difference, folder, json, MNIST, orSkipped, remove, temporary } from './command.ts';
import { SMALL_RESIDUAL } from './networks.ts';

const TRAIN = '--tickets 2 --explore-epochs 2 --refine-epochs 1 --rewire-every 20 --batch-size 50'.split(' ');

const home = folder();
afterAll(() => remove(home));

/** Trains, exports, and compares on the first 1,000 test pictures. The file normalises by itself; the engine is given normalised pictures. */
async function expectAgreement(options: readonly string[], data: LoadOptions): Promise<void> {
  const place = temporary();
  const [path, file] = [join(place, 'run'), join(place, 'ensemble.onnx')];
  const { tickets } = await json<{ tickets: { path: string }[] }>('train', ...TRAIN, ...options, '--out', path);
  await json('export', path, '--output', file);
  const dataset = await loadDataset(data);
  const members = await Promise.all(tickets.map(async (ticket) => (await loadTicket(ticket.path)).state));
  await using ensemble = await openEnsemble(members, { engine: bestEngine() });
  const model = await InferenceSession.create(file);
  let compared = 0;
  for (const { images, size } of sourceOf(dataset.test, { dataset }).batches({ batchSize: 100 })) {
    if (compared === 1000) break;
    const feeds = { images: new Tensor('float32', pixelsOf(dataset, compared, size), [size, ...dataset.shape]) };
    const { probabilities, member_probabilities: memberProbabilities } = await model.run(feeds);
    const prediction = await ensemble.predict(images, size);
    expect(difference(probabilities!.data as Float32Array, prediction.probs)).toBeLessThan(1e-5);
    const byMember = transposed(prediction.memberProbs, members.length, size, dataset.classes.length);
    expect(difference(memberProbabilities!.data as Float32Array, byMember)).toBeLessThan(1e-5);
    compared += size;
  }
  await model.release();
  expect(compared).toBe(1000);
}

/** Test pictures in [0, 1], as they are on disk. */
function pixelsOf({ test, shape }: Dataset, from: number, count: number): Float32Array {
  const pixels = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from(test.images.subarray(from * pixels, (from + count) * pixels), (byte) => byte / 255);
}

/** (members, size, classes) to the file's (size, members, classes) */
function transposed(values: Float32Array, members: number, size: number, classes: number): Float32Array {
  return Float32Array.from(values, (_, at) => {
    const [i, m, k] = [Math.floor(at / (members * classes)), Math.floor(at / classes) % members, at % classes];
    return values[(m * size + i) * classes + k]!;
  });
}

process.env.FREETICKETS_CACHE = join(home, 'cache'); // of the commands as well
const [noMnist, noCifar] = [!existsSync(MNIST), !existsSync(CIFAR)];

describe('the exported ensemble agrees with the engine', () => {
  it('LeNet-5 on generated pictures', async () => {
    const options = ['--image-size', '28', '--limit-per-class', '100', '--network', 'lenet-5'];
    await expectAgreement(options, { dataset: 'generated', size: 28, limitPerClass: 100 });
  });

  it('batch norm, sums and pooling, on generated pictures', async () => {
    const spec = join(temporary(), 'small-residual.json');
    writeFileSync(spec, JSON.stringify(SMALL_RESIDUAL));
    await expectAgreement(['--image-size', '8', '--limit-per-class', '100', '--network', spec], {
      dataset: 'generated',
      size: 8,
      limitPerClass: 100,
    });
  });

  it.skipIf(noMnist)(orSkipped('LeNet-300-100 on MNIST', MNIST), async () => {
    await expectAgreement(['--dataset', 'mnist', '--data', MNIST, '--limit-per-class', '200'], {
      dataset: 'mnist',
      data: MNIST,
      limitPerClass: 200,
    });
  });

  it.skipIf(noCifar)(orSkipped('a wide residual network on CIFAR-10 pictures', CIFAR), async () => {
    const options = [
      '--dataset',
      'image-folder',
      '--data',
      CIFAR,
      '--limit-per-class',
      '100',
      '--network',
      'wrn-10-1',
      '--augmentation',
      'crop-flip',
    ];
    await expectAgreement(options, { dataset: 'image-folder', data: CIFAR, limitPerClass: 100 });
  });
});
