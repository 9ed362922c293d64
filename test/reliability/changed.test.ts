/** R10: a run that would go on as another one is refused with what is different; --force goes on and writes it down. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveExperiment, resumeRun, startRun, talk } from '@freetickets/cli';
import { decodeCheckpoint, encodeCheckpoint } from '@freetickets/dst-trainer';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, eventsOf, folder, remove } from '../e2e/command.ts';
import { record } from './tier.ts';

const home = folder();
const base = join(home, 'base');
const silent = talk({ quiet: true });
beforeAll(async () => {
  const small = {
    limitPerClass: '20',
    imageSize: '8',
    batchSize: '32',
    rewireEvery: '4',
    tickets: '2',
    exploreEpochs: '2',
    refineEpochs: '1',
  };
  const experiment = resolveExperiment({ ...small, engine: 'reference', checkpointEvery: '4' });
  expect(await startRun(experiment, base, silent, { afterEpoch: 2 })).toMatchObject({ finished: false });
});
afterAll(() => remove(home));

type Json = Record<string, unknown>;
interface Record_ extends Json {
  experiment: Json;
  network: { nodes: Json[] };
  data: Json;
}

/** A copy of the run with another record. */
function changedRun(name: string, change: (run: Record_) => void): string {
  const path = join(home, name);
  cpSync(base, path, { recursive: true });
  const file = join(path, 'run.json');
  const run = JSON.parse(readFileSync(file, 'utf8')) as Record_;
  change(run);
  writeFileSync(file, JSON.stringify(run));
  return path;
}

/** [field, its value, what the sentence says it was and is, whether --force can go on with it] */
const FIELDS: [field: string, value: unknown, was: string, goesOn: boolean][] = [
  ['seed', 18, '17 and is 18', false],
  ['batchSize', 16, '32 and is 16', false],
  ['exploreEpochs', 3, '2 and is 3', false],
  ['limitPerClass', 21, '20 and is 21', true],
  ['sparsity', 0.8, '0.9 and is 0.8', true],
  ['growth', 'random', '"gradient" and is "random"', true],
  ['drop', 'taylor', 'not given and is "taylor"', true],
  ['dropFraction', 0.3, '0.5 and is 0.3', true],
  ['escape', 0.5, '0.8 and is 0.5', true],
  ['rewireEvery', 3, '4 and is 3', true],
  ['refineEpochs', 2, '1 and is 2', true],
  ['tickets', 3, '2 and is 3', true],
  ['learningRate', 0.05, 'not given and is 0.05', true],
  ['momentum', 0.8, 'not given and is 0.8', true],
  ['weightDecay', 0, 'not given and is 0', true],
  ['labelSmoothing', 0.1, 'not given and is 0.1', true],
  ['augmentation', 'crop-flip', 'not given and is "crop-flip"', true],
  ['distribution', 'uniform', '"erk" and is "uniform"', true],
  ['guard', 'skip', 'not given and is "skip"', true],
];

describe('a run with another', () => {
  it.each(FIELDS)('%s (%j) is refused with the difference, and untouched; forced, its log says so', async (field, value, was, goesOn) => {
    const path = changedRun(field, (run) => Object.assign(run.experiment, { [field]: value }));
    const before = contents(path);
    const refusal = { code: 'INVALID_CONFIG', message: expect.stringContaining(`${field} was ${was}`) };
    await expect(resumeRun(path, silent)).rejects.toMatchObject(refusal);
    expect(contents(path)).toEqual(before);
    const forced = resumeRun(path, silent, {}, { force: true });
    if (goesOn) {
      expect(await forced).toMatchObject({ finished: true });
      expect(eventsOf(path)).toContainEqual({ member: 0, type: 'forced', differences: expect.arrayContaining([`${field} was ${was}`]) });
    } else {
      await expect(forced).rejects.toMatchObject({ message: expect.stringMatching(/The checkpoint is of another run/) });
      expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual(readdirSync(join(base, 'checkpoints')).sort());
    }
    record('R10', 1, `${field}: refused with the difference; ${goesOn ? 'forced, and written down' : 'cannot be forced'}`);
  });

  it('network is refused', async () => {
    const path = changedRun('network', (run) => Object.assign(run.network.nodes.find(({ id }) => id === 'fc1')!, { out: 299 }));
    await expect(resumeRun(path, silent)).rejects.toThrow(/network was lenet-300-100 \(sha256 \w{64}\) and is lenet-300-100/);
    record('R10', 1, 'network: refused with the difference');
  });

  it('data set, by its hash, is refused', async () => {
    const path = changedRun('data', (run) => Object.assign(run.data, { hash: 'f'.repeat(64) }));
    await expect(resumeRun(path, silent)).rejects.toThrow(`data was sha256 `);
    record('R10', 1, 'data: refused with the difference');
  });

  it.each([
    ['engine', 'native/avx2', 'engine was native/avx2 and is reference'],
    ['freetickets', '0.0.9', 'freetickets was 0.0.9 and is '],
  ])('%s, as the checkpoint knows it, is refused; forced, it goes on', async (name, then, difference) => {
    const path = changedRun(`code-${name}`, () => {});
    for (const file of readdirSync(join(path, 'checkpoints')).map((entry) => join(path, 'checkpoints', entry))) {
      const { state, meta } = decodeCheckpoint(readFileSync(file), file);
      const run = JSON.parse(meta.run!);
      run.identity[name] = then;
      await writeFileAtomic(file, encodeCheckpoint(state, { run: JSON.stringify(run) }));
    }
    await expect(resumeRun(path, silent)).rejects.toThrow(difference);
    expect(await resumeRun(path, silent, {}, { force: true })).toMatchObject({ finished: true });
    expect(eventsOf(path)).toContainEqual(expect.objectContaining({ type: 'forced', differences: [expect.stringContaining(difference)] }));
    record('R10', 1, `${name}: refused with the difference; forced, and written down`);
  });
});
