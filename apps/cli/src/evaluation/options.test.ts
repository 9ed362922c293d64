import { describe, expect, it } from 'vitest';
import type { Split } from './document.ts';
import { checkOptions, type EvaluateOptions } from './options.ts';

describe('checkOptions', () => {
  it.each<[EvaluateOptions, Split, string]>([
    [{ bootstrap: -1 }, 'test', '--bootstrap: expected a whole number of at least 0, received -1'],
    [{ bootstrap: 1.5 }, 'test', '--bootstrap: expected a whole number of at least 0, received 1.5'],
    [{ conformal: 0 }, 'test', '--conformal: expected a number above 0 and below 1, received 0'],
    [{ conformal: 1 }, 'test', '--conformal: expected a number above 0 and below 1, received 1'],
    [{ conformal: Number.NaN }, 'test', '--conformal: expected a number above 0 and below 1, received NaN'],
    [{ calibrate: true, heldOut: 1 }, 'test', '--held-out: expected a number above 0 and below 1, received 1'],
    [{ heldOut: 0.5 }, 'test', '--held-out: expected --calibrate or --conformal beside it, received neither'],
    [
      { calibrate: true },
      'valid',
      '--split: expected other pictures than temperatures and sets are fitted on, received "valid". Fit on a share of them with --held-out',
    ],
    [{ corruptions: {} }, 'train', '--split: expected test, whose pictures are corrupted, received "train"'],
    [{ corruptions: { severities: [1, 6] } }, 'test', '--severity: expected a whole number from 1 to 5, received 6'],
    [
      { trainSamples: 100 },
      'test',
      '--train-samples: expected --ood or --interpolate beside it, which need training pictures, received neither',
    ],
    [{ interpolate: true, trainSamples: 1 }, 'test', '--train-samples: expected a whole number of at least 2, received 1'],
    [{ attack: { kinds: [] } }, 'test', '--attack: expected fgsm, pgd, or both, received []'],
    [
      { attack: { kinds: ['fgsm'], epsilon: 8 } },
      'test',
      '--epsilon: expected a number above 0 and at most 1, because pixels lie in [0, 1], received 8',
    ],
    [
      { attack: { kinds: ['fgsm'], steps: 10 } },
      'test',
      '--steps: expected --attack pgd beside it, because fgsm takes one step, received ["fgsm"]',
    ],
    [{ attack: { kinds: ['pgd'], samples: 0 } }, 'test', '--attack-samples: expected a whole number of at least 1, received 0'],
    [{ ood: ['uniform-noise', 'uniform-noise'] }, 'test', '--ood: expected each set once, received "uniform-noise"'],
  ])('%j of %s is refused', (options, split, message) => {
    expect(() => checkOptions(split, options)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', message }));
  });

  it('what makes sense is not', () => {
    checkOptions('valid', { calibrate: true, heldOut: 0.5 });
    checkOptions('train', {
      attack: { kinds: ['fgsm', 'pgd'], epsilon: 8 / 255, steps: 5, samples: 10 },
      interpolate: true,
      trainSamples: 2,
    });
    checkOptions('test', { bootstrap: 0, conformal: 0.9, corruptions: { severities: [1, 5] }, ood: ['uniform-noise'], diversity: true });
  });
});
