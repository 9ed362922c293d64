import { cropFlip } from '@freetickets/datasets';
import { describe, expect, it } from 'vitest';
import { openData } from './data.ts';
import { resolveExperiment } from './experiment.ts';
import type { AUGMENTATION, Flags } from './experiment-fields.ts';
import { plansOf } from './plans.ts';
import { program } from './program.ts';
import { talk } from './talk.ts';

const SMALL = { tickets: '2', exploreEpochs: '4', refineEpochs: '2' };
const planOf = (flags: Flags, values = {}) => plansOf(resolveExperiment({ ...SMALL, ...flags }, { path: 'exp.json', values }))[0]!;

describe('options of training come into the plan', () => {
  it.each<[Flags, object]>([
    [{}, { optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } }],
    [{ nesterov: 'true', momentum: '0.8', clipNorm: '2' }, { optimizer: { kind: 'sgd', nesterov: true, momentum: 0.8, clipNorm: 2 } }],
    [{ optimizer: 'adamw', beta1: '0.8', beta2: '0.95' }, { optimizer: { kind: 'adamw', beta1: 0.8, beta2: 0.95, weightDecay: 0.01 } }],
    [
      { decays: 'weights', labelSmoothing: '0.1' },
      { optimizer: { decays: ['weight'] }, loss: { labelSmoothing: 0.1 } },
    ],
    [
      { warmupEpochs: '1.5', patience: '3' },
      { warmupEpochs: 1.5, patience: 3 },
    ],
    [{ average: 'swa', averageFrom: '0.5' }, { averaging: { kind: 'swa', from: 0.5 } }],
    [{ average: 'ema:0.999' }, { averaging: { kind: 'ema', decay: 0.999 } }],
  ])('%j', (flags, expected) => expect(planOf(flags)).toMatchObject(expected));

  it('a schedule of a file, from the start of the run on', () => {
    const learningRate = { kind: 'cosine', from: 0.1, to: 0, over: 8 };
    const { phases } = planOf({}, { learningRate });
    expect(phases[0]!.learningRate).toEqual(learningRate);
    expect(phases[1]!.learningRate).toEqual({ ...learningRate, begin: -4, over: 4 });
    expect(planOf({ learningRate: '0.2' }, { learningRate }).phases[0]!.learningRate).toBe(0.2);
  });
});

describe('augmentation', () => {
  const quiet = talk({ quiet: true });
  const opened = async (augmentation: (typeof AUGMENTATION)[number]) => {
    const flags = { limitPerClass: '4', imageSize: '8', augmentation };
    return (await openData(resolveExperiment(flags), quiet)).dataset.augmentation;
  };

  it('is what its name says', async () => {
    expect(await opened('none')).toBe('none');
    expect(await opened('crop-flip')).toEqual(cropFlip());
    expect(await opened('cutout'), 'the generated set has none of its own').toEqual(cropFlip({ pad: 0, flip: 0, cutout: 4 }));
    expect(await opened('crop-flip-cutout')).toEqual(cropFlip({ cutout: 4 }));
    expect(await opened('imagenet')).toMatchObject({ area: [0.08, 1], ratio: [3 / 4, 4 / 3], flip: 0.5 });
  });

  it('and mixup are for training passes only', async () => {
    const { train, valid, test } = await openData(resolveExperiment({ limitPerClass: '20', imageSize: '8', mixup: '0.3' }), quiet);
    const options = { batchSize: 4, shuffle: { seed: 1, epoch: 1 } };
    const [first] = train.batches(options);
    expect(first!.mixed!.labels).toHaveLength(4);
    for (const source of [valid, test]) expect([...source.batches(options)][0]).not.toHaveProperty('mixed');
  });
});

describe('--nesterov', () => {
  it.each([
    [['--nesterov'], 'true'],
    [['--nesterov', 'false'], 'false'],
    [[], undefined],
  ])('%j is read as %s', async (args, expected) => {
    const root = program(() => AbortSignal.abort());
    const command = root.commands.find((each) => each.name() === 'train')!;
    command.parseOptions(args);
    expect(command.opts().nesterov).toBe(expected);
  });
});
