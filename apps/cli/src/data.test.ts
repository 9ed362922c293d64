import { describe, expect, it } from 'vitest';
import { type Data, openCorruptions, openData, openDataOfRun, openOod } from './data.ts';
import { resolveExperiment } from './experiment.ts';
import type { RunRecord } from './run-record.ts';
import { talk } from './talk.ts';

const SMALL = { imageSize: '8', limitPerClass: '20' };
const quiet = talk({ quiet: true });

describe('openData', () => {
  it('splits the training pictures and leaves the test pictures whole', async () => {
    const { train, valid, test } = await openData(resolveExperiment({ ...SMALL, validation: '0.25' }), quiet);
    expect([train.size, valid.size, test.size]).toEqual([150, 50, 200]);
    expect(train.shape).toEqual([1, 8, 8]);
  });

  it('augments any data set that is told to be', async () => {
    const shuffle = { seed: 1, epoch: 1 };
    const imagesOf = async (augmentation?: string) => {
      const flags = augmentation === undefined ? SMALL : { ...SMALL, augmentation };
      const [first] = (await openData(resolveExperiment(flags), quiet)).train.batches({ batchSize: 200, shuffle });
      return first!.images;
    };
    const plain = await imagesOf();
    expect(await imagesOf('none')).toEqual(plain);
    expect(await imagesOf('crop-flip')).not.toEqual(plain);
  });
});

describe('openDataOfRun', () => {
  it('refuses other data than the run was started with', async () => {
    const experiment = resolveExperiment(SMALL);
    const { hash } = await openData(experiment, quiet);
    const recordWith = (found: string) => ({ data: { hash: found } }) as RunRecord;
    await expect(openDataOfRun(experiment, recordWith(hash), quiet)).resolves.toMatchObject({ hash });
    await expect(openDataOfRun(experiment, recordWith('0'.repeat(64)), quiet)).rejects.toThrow(
      `generated: expected the data that the run was started with (sha256 000000000000...), received other data (sha256 ${hash.slice(0, 12)}...)`,
    );
  });
});

/** Two grey pictures of CIFAR's shape, normalised so that a byte comes out as it went in. */
function greyColour(): Pick<Data, 'dataset'> {
  const samples = { size: 2, images: new Uint8Array(2 * 3072).fill(100), labels: Int32Array.of(3, 4) };
  return {
    dataset: {
      name: 'cifar10',
      classes: Array.from('0123456789'),
      shape: [3, 32, 32],
      train: samples,
      test: samples,
      normalization: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
      augmentation: 'none',
    },
  };
}

describe('openOod', () => {
  it("opens noise in the network's shape and normalisation", async () => {
    const { name, source } = await openOod('uniform-noise', greyColour(), quiet);
    expect([name, source.size, ...source.shape]).toEqual(['uniform-noise', 10_000, 3, 32, 32]);
    const [first] = source.batches({ batchSize: 100 });
    const mean = first!.images.reduce((sum, value) => sum + value, 0) / first!.images.length;
    expect(mean).toBeGreaterThan(126.5); // 127.5, standard error 0.13
    expect(mean).toBeLessThan(128.5);
  });

  it('refuses a misspelt name', async () => {
    await expect(openOod('svnh:x', greyColour(), quiet)).rejects.toThrow('svnh:x: expected NAME or NAME:PATH');
  });
});

describe('openCorruptions', () => {
  it('goes through the cells asked for', async () => {
    const cells: unknown[] = [];
    for await (const { corruption, severity, source } of openCorruptions(greyColour(), {
      corruptions: ['brightness'],
      severities: [1, 5],
    })) {
      const [batch] = source.batches({ batchSize: 2 });
      cells.push([corruption, severity, Math.round(batch!.images[0]!), ...batch!.labels]);
    }
    // 100 / 255 + 0.05 and + 0.3, times 255, fractions cut off: 112.75 and 176.5.
    expect(cells).toEqual([
      ['brightness', 1, 112, 3, 4],
      ['brightness', 5, 176, 3, 4],
    ]);
  });

  it('refuses a severity of 6 and pictures that are not those of CIFAR', async () => {
    await expect(openCorruptions(greyColour(), { severities: [6] }).next()).rejects.toThrow(
      'severity: expected a whole number from 1 to 5, received 6',
    );
    const digits = await openData(resolveExperiment(SMALL), quiet);
    await expect(openCorruptions(digits).next()).rejects.toThrow('expected pictures of 3x32x32 to corrupt, received "1x8x8"');
  });
});
