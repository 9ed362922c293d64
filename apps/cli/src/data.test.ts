import { describe, expect, it } from 'vitest';
import { openData, openDataOfRun } from './data.ts';
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
