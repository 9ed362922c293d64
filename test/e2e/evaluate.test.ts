/** What `freetickets evaluate` measures besides the scores, on runs of a second: the figures against each other and against a recomputation. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evaluation, parseEvaluation } from '@freetickets/cli';
import { rng } from '@freetickets/sparse-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, json, remove, run, SMALL } from './command.ts';

const home = folder();
const [DIGITS, SECOND, PICTURES, COLOURED] = ['digits', 'second', 'pictures', 'coloured'].map((name) => join(home, name)) as [
  string,
  string,
  string,
  string,
];
const CACHE = { FREETICKETS_CACHE: join(home, 'cache') };
afterAll(() => remove(home));

/** Two classes of 32 x 32 in colour, reddish and bluish with noise, as corruptions need them. */
async function makeColoured(): Promise<void> {
  for (const [part, count] of [
    ['train', 40],
    ['test', 10],
  ] as const)
    for (const [label, name] of ['blue', 'red'].entries()) {
      mkdirSync(join(PICTURES, part, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        const stream = rng(5).stream(part, name, i);
        const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => 90 + stream.below(60) + (at % 3 === 2 * (1 - label) ? 20 : 0));
        await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
          .png()
          .toFile(join(PICTURES, part, name, `${i}.png`));
      }
    }
}

beforeAll(async () => {
  await makeColoured();
  const coloured =
    '--dataset image-folder --network lenet-5 --batch-size 16 --tickets 2 --explore-epochs 1 --refine-epochs 1 --rewire-every 2';
  const ends = [
    await run(['train', ...SMALL, '--keep-trajectory', '16', '--out', DIGITS]),
    await run(['train', ...SMALL, '--seed', '4', '--out', SECOND]),
    await run(['train', ...coloured.split(' '), '--data', PICTURES, '--out', COLOURED], CACHE),
  ];
  for (const { code, stderr } of ends) expect(code, stderr).toBe(0);
});

describe('the document', () => {
  it('has everything that was asked for in the form of its schema, is kept, and later calls add to it', async () => {
    const wishes = '--bootstrap 50 --calibrate --conformal 0.8 --held-out 0.25 --diversity --ood uniform-noise'.split(' ');
    const found = parseEvaluation('it', await json('evaluate', DIGITS, ...wishes));
    expect(found.calibration!.heldOut).toEqual({ split: 'test', fraction: 0.25, fitted: 150, reported: 450 });
    expect(found.conformal).toMatchObject({ level: 0.8, heldOut: { fitted: 150, reported: 450 } });
    expect(found.bootstrap).toEqual({ resamples: 50, level: 0.95, seed: 17 });
    for (const scores of [found.ensemble, ...found.members])
      for (const measure of ['accuracy', 'top5', 'nll', 'brier', 'ece', 'aurc'] as const) {
        const { low, high } = scores.intervals![measure]!;
        expect(low! < high!, measure).toBe(true);
      }
    expect(found.diversity.pairs!.disagreement).toEqual([
      [0, found.diversity.disagreement],
      [found.diversity.disagreement, 0],
    ]);
    const log = readFileSync(join(DIGITS, 'events.jsonl'), 'utf8').trimEnd().split('\n');
    const rates = log.map((line) => (JSON.parse(line) as { exploration?: number }).exploration).filter((rate) => rate !== undefined);
    expect(found.diversity.exploration).toEqual([rates.at(-1)]);
    expect(found.diversity.explorationOverTime![0]!.map(({ rate }) => rate)).toEqual(rates);
    expect(found.diversity.intervals!.kl!.low! < found.diversity.kl! && found.diversity.kl! < found.diversity.intervals!.kl!.high!).toBe(
      true,
    );
    expect(found.conformal!.thr.intervals!.meanSize!.low).toBeLessThan(found.conformal!.thr.meanSize);
    expect(found.ood).toMatchObject([
      { name: 'uniform-noise', samples: 10_000, members: [{}, {}], neighbours: { k: 50, bank: 540, seed: 17 } },
    ]);
    for (const figures of [...Object.values(found.ood![0]!.ensemble), ...found.ood![0]!.members])
      for (const measure of ['auroc', 'auprOut', 'auprIn', 'fpr95Out', 'fpr95In'] as const)
        expect(figures.intervals, measure).toHaveProperty(measure);
    expect(Object.keys(found.ood![0]!.ensemble)).toContain('nearestNeighbour');

    const { ensemble, ...later } = await json<Evaluation>('evaluate', DIGITS, '--bootstrap', '0', '--ood', 'gaussian-noise');
    expect(later).not.toHaveProperty('calibration');
    const kept = parseEvaluation('it', JSON.parse(readFileSync(join(DIGITS, 'results.json'), 'utf8')));
    expect(kept).toEqual({ ...found, ood: [...found.ood!, ...later.ood!] });
    expect(ensemble).toEqual({ ...found.ensemble, intervals: undefined });
  });

  it('gives the same figures again, and others for another seed of the draws', async () => {
    const drawn = async (seed: string) => json<Evaluation>('evaluate', DIGITS, '--bootstrap', '20', '--conformal', '--seed', seed);
    const [first, again, other] = [await drawn('1'), await drawn('1'), await drawn('2')];
    expect(again).toEqual(first);
    expect(other.ensemble.intervals).not.toEqual(first.ensemble.intervals);
    expect(other.ensemble.nll).toBe(first.ensemble.nll);
  });
});

describe('between members and over time', () => {
  it('interpolation starts and ends at the members, whose own figures a network without batch norm keeps', async () => {
    const { interpolation, members } = parseEvaluation(
      'it',
      await json('evaluate', DIGITS, '--bootstrap', '20', '--interpolate', '--train-samples', '100'),
    );
    const [path] = interpolation!.paths;
    expect([interpolation!.trainSamples, path!.members, path!.points.length]).toEqual([100, [0, 1], 21]);
    for (const [own, point] of [
      [members[0]!, path!.points[0]!],
      [members[1]!, path!.points[20]!],
    ] as const) {
      expect(point.error).toBeCloseTo(1 - own.accuracy, 10);
      expect(point.loss).toBeCloseTo(own.nll, 5);
      expect(point.intervals!.error!.low! <= point.error && point.error <= point.intervals!.error!.high!).toBe(true);
    }
    expect(path!.barrier.error).toBeGreaterThanOrEqual(0);
  });

  it('the trajectory has a point for each epoch that training kept, and the log has no arrays of it', async () => {
    const { trajectory } = parseEvaluation('it', await json('evaluate', DIGITS, '--bootstrap', '0', '--trajectory'));
    expect(trajectory).toMatchObject({ pictures: 16, perplexity: 1, seed: 17 });
    expect(trajectory!.points.map(({ member, epoch }) => [member, epoch])).toEqual([1, 2, 3, 4].map((epoch) => [0, epoch]));
    expect(readFileSync(join(DIGITS, 'events.jsonl'), 'utf8')).not.toContain('probed');
    const { code, stderr } = await run(['evaluate', SECOND, '--trajectory', '--quiet']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('received a run that kept none. freetickets train --keep-trajectory 128 keeps them'),
    ]);
  });
});

describe('corruptions', () => {
  it('are measured cell by cell and summed up', async () => {
    const { stdout, stderr } = await run(
      ['evaluate', COLOURED, '--bootstrap', '30', '--corruption', 'contrast', 'brightness', '--severity', '1', '5', '--json'],
      CACHE,
    );
    const { corruptions, members } = parseEvaluation('it', JSON.parse(stdout));
    const { cells, ensemble, samples, from, seed } = corruptions!;
    expect([samples, from, seed]).toEqual([20, 'generated', 17]);
    expect(cells.map(({ corruption, severity }) => `${corruption} ${severity}`)).toEqual([
      'contrast 1',
      'contrast 5',
      'brightness 1',
      'brightness 5',
    ]);
    expect(ensemble).not.toHaveProperty('of15');
    const mean = (name: 'accuracy' | 'nll' | 'ece') => cells.reduce((sum, cell) => sum + cell[name], 0) / 4;
    for (const name of ['accuracy', 'nll', 'ece'] as const) expect(ensemble.all.cellMean[name]).toBeCloseTo(mean(name), 12);
    // cells are of one size, so means over samples pool to the mean of cells; a pool lets calibration errors cancel
    for (const name of ['accuracy', 'nll'] as const) expect(ensemble.all.pooled[name]).toBeCloseTo(mean(name), 12);
    expect(ensemble.all.pooled.ece).toBeLessThanOrEqual(mean('ece') + 1e-12);
    expect(corruptions!.members).toHaveLength(members.length);
    for (const figures of [...cells, ensemble.all.pooled, ensemble.all.cellMean, corruptions!.members[0]!.all.pooled])
      for (const measure of ['accuracy', 'nll', 'brier', 'ece', 'eceFreetickets'] as const) {
        const { low, high } = figures.intervals![measure]!;
        expect([low! <= high!, measure]).toEqual([true, measure]);
      }
    const { low, high } = ensemble.all.cellMean.intervals!.nll!;
    expect(low! < ensemble.all.cellMean.nll && ensemble.all.cellMean.nll < high!).toBe(true);
    expect(stderr).toMatch(/^contrast: accuracy .* left\nbrightness: accuracy [\d.]+ %$/m);
  });
});

describe('for people and spreadsheets', () => {
  it('several runs are one table', async () => {
    const { stdout } = await run(['evaluate', DIGITS, SECOND, '--bootstrap', '0', '--quiet']);
    expect(stdout.split('\n').slice(2, 4)).toEqual([expect.stringMatching(`^${DIGITS} +\\d`), expect.stringMatching(`^${SECOND} +\\d`)]);
    const { runs } = await json<{ runs: (Evaluation & { run: string })[] }>('evaluate', DIGITS, SECOND, '--bootstrap', '0', '--quiet');
    expect(runs.map(({ run: path }) => path)).toEqual([DIGITS, SECOND]);
    for (const { run: _, ...evaluation } of runs) parseEvaluation('it', evaluation);
  });

  it('--csv has a line for each figure', async () => {
    const { stdout } = await run(['evaluate', DIGITS, '--bootstrap', '0', '--csv']);
    const [header, ...lines] = stdout.trimEnd().split('\n');
    expect(header).toBe('run,part,who,measure,value,low,high');
    const { ensemble } = await json<Evaluation>('evaluate', DIGITS, '--bootstrap', '0');
    expect(lines).toContain(`${DIGITS},test,ensemble,nll,${ensemble.nll},,`);
    for (const line of lines) expect(line.split(',')).toHaveLength(7);
  });
});

describe('what makes no sense', () => {
  it.each([
    [['--bootstrap', '-1'], '--bootstrap: expected a whole number of at least 0, received "-1"'],
    [['--conformal', '1'], '--conformal: expected a number above 0 and below 1, received "1"'],
    [
      ['--attack', 'fgsm', '--epsilon', '8'],
      '--epsilon: expected a number above 0 and at most 1 such as 8/255, because pixels lie in [0, 1], received "8"',
    ],
    [['--attack', 'fgsn'], '--attack: expected fgsm, pgd, received "fgsn"'],
    [['--attack', 'fgsm', '--steps', '3'], '--steps: expected --attack pgd beside it, because fgsm takes one step, received ["fgsm"]'],
    [['--epsilon', '8/255'], '--epsilon: expected --attack beside it, received no attack'],
    [['--train-samples', '10'], /^--train-samples: expected --ood or --interpolate beside it/],
    [['--severity', '6'], '--severity: expected a whole number from 1 to 5, received "6"'],
    [['--corruption', 'fogg'], /^--corruption: expected one of gaussian_noise, .*, received "fogg"\. Did you mean fog\?$/],
    [
      ['--corruptions'],
      '--corruptions: expected a run on pictures of 3x32x32, which corruptions are made for, received 1x8x8 of generated',
    ],
    [['--ood', 'generated'], 'generated: expected another set than the network was trained on, received "generated"'],
    [['--ood', 'svhn'], /^svhn: expected svhn:PATH, received "svhn"/],
    [['--split', 'valid', '--calibrate'], /^--split: expected other pictures than temperatures and sets are fitted on/],
    [['--csv', '--json'], '--csv: expected one form of output, received --csv and --json'],
  ])('%j is refused in one sentence', async (args, message) => {
    const { code, stdout, stderr } = await run(['evaluate', DIGITS, ...args, '--quiet']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*\n$/);
    const sentence = stderr.slice('error: '.length, -1);
    if (typeof message === 'string') expect(sentence).toBe(message);
    else expect(sentence).toMatch(message);
  });

  it('the own pictures of an image folder are no other set', async () => {
    const { code, stderr } = await run(['evaluate', COLOURED, '--ood', `image-folder:${PICTURES}`, '--quiet'], CACHE);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--ood: expected another set than the run was trained on')]);
  });
});
