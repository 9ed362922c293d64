import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { RunFolder } from '../run-folder.ts';
import type { Attack, Evaluation, Ood, Scores } from './document.ts';
import { keepResults, ticketHashes } from './keep.ts';

const scores: Scores = {
  accuracy: 0.5,
  nll: 1,
  brier: 0.5,
  ece: 0.1,
  aurc: 0.2,
  eceEqualMass: 0.1,
  eceClasswise: 0.1,
  eceDebiased: 0.1,
  eceFreetickets: 0.1,
};
const plain: Evaluation = {
  format: 'freetickets.evaluation',
  version: 1,
  tickets: ['a'],
  data: 'd',
  split: 'test',
  samples: 10,
  ensemble: scores,
  members: [scores],
  diversity: { disagreement: null, kl: null },
};
const ood = (name: string, samples: number): Ood => ({ name, samples, ensemble: {}, members: [] });
const withIntervals = { ...scores, intervals: { nll: { low: 0.5, high: 1.5 } } };

let path: string;
let folder: RunFolder;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'freetickets-'));
  folder = new RunFolder(path);
  onTestFinished(() => rmSync(path, { recursive: true }));
});
const kept = () => JSON.parse(readFileSync(join(path, 'results.json'), 'utf8')) as Evaluation;

describe('keepResults', () => {
  it('adds to what was measured of the same tickets, and newer figures win', async () => {
    const bootstrap = { resamples: 10, level: 0.95, seed: 1 };
    const earlier = { ...plain, ensemble: withIntervals, bootstrap, ood: [ood('svhn', 5), ood('generated', 5)] };
    await keepResults(folder, { ...earlier, diversity: { disagreement: null, kl: null, exploration: [0.5] } });
    await keepResults(folder, { ...plain, ood: [ood('svhn', 7)] });
    expect(kept()).toEqual({
      ...plain,
      ensemble: withIntervals,
      bootstrap,
      diversity: { disagreement: null, kl: null, exploration: [0.5] },
      ood: [ood('generated', 5), ood('svhn', 7)],
    });
  });

  it('keeps an attack that was not made anew', async () => {
    const under = { ensemble: scores, members: [scores] };
    const attack = (kind: 'fgsm' | 'pgd', samples: number): Attack => ({
      kind,
      epsilon: 8 / 255,
      steps: 1,
      stepSize: 8 / 255,
      seed: 17,
      samples,
      ofEnsemble: under,
      ofMembers: [],
    });
    await keepResults(folder, { ...plain, attacks: [attack('fgsm', 5), attack('pgd', 5)] });
    await keepResults(folder, { ...plain, attacks: [attack('pgd', 7)] });
    expect(kept().attacks).toEqual([attack('fgsm', 5), attack('pgd', 7)]);
  });

  it.each([{ tickets: ['b'] }, { data: 'e' }])('drops what was measured of others: %j', async (other) => {
    await keepResults(folder, { ...plain, ood: [ood('svhn', 5)] });
    await keepResults(folder, { ...plain, ...other });
    expect(kept()).toEqual({ ...plain, ...other });
  });

  it('writes over a file that is something else', async () => {
    writeFileSync(join(path, 'results.json'), '{"ensemble":{}}');
    await keepResults(folder, plain);
    expect(kept()).toEqual(plain);
  });
});

it('tickets are known by the SHA-256 of their files', async () => {
  mkdirSync(join(path, 'tickets'));
  writeFileSync(folder.ticketPath(0), 'abc'); // the first example of FIPS 180
  expect(await ticketHashes(folder, 1)).toEqual(['ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad']);
});
