import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lenet5, lenet300 } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experimentHash, readExperimentFile, resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';

const file = (values: Record<string, unknown>) => ({ path: 'exp.json', values });
const faultOf = (...args: Parameters<typeof resolveExperiment>): string => {
  try {
    resolveExperiment(...args);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
};

describe('resolveExperiment', () => {
  it('has the defaults that the help tells', () => {
    expect(resolveExperiment({})).toMatchObject({
      dataset: 'generated',
      network: 'lenet-300-100',
      method: 'edst',
      tickets: 3,
      sparsity: 0.9,
      exploreEpochs: 15,
      refineEpochs: 10,
      rewireEvery: undefined,
      batchSize: 128,
      seed: 17,
    });
  });

  it('a flag wins over the file, the file over the default', () => {
    const { tickets, sparsity, seed } = resolveExperiment({ tickets: '5' }, file({ tickets: 2, sparsity: 0.8, $schema: 'x' }));
    expect([tickets, sparsity, seed]).toEqual([5, 0.8, 17]);
  });

  it('reads numbers where a field takes numbers, and leaves texts alone', () => {
    const { refineEpochs, data } = resolveExperiment({ refineEpochs: '2.5', dataset: 'mnist', data: '2024' });
    expect([refineEpochs, data]).toEqual([2.5, '2024']);
  });

  it.each<[Flags, string]>([
    [{ sparsity: '1.2' }, '--sparsity: expected a number from 0 to below 1, received 1.2'],
    [{ tickets: '0' }, '--tickets: expected a whole number from 1 to 1000, received 0'],
    [{ tickets: '2.5' }, '--tickets: expected a whole number from 1 to 1000, received 2.5'],
    [{ seed: '' }, '--seed: expected a whole number of at least 0, received ""'],
    [{ batchSize: 'many' }, '--batch-size: expected a whole number of at least 1, received "many"'],
    [{ learningRate: 'Infinity' }, '--learning-rate: expected a number above 0 or a schedule, received Infinity'],
    [
      { distribution: 'unifrom' },
      '--distribution: expected one of erk, er, uniform, uniform-dense-first, erk-plus, snip, grasp, global-magnitude, received "unifrom". Did you mean uniform?',
    ],
  ])('%j: %s', (flags, message) => {
    expect(faultOf(flags)).toBe(message);
  });

  it('names the key of the file', () => {
    expect(faultOf({}, file({ sparsity: '0.9' }))).toBe('exp.json: sparsity: expected a number from 0 to below 1, received "0.9"');
    expect(faultOf({}, file({ sparsty: 0.9 }))).toBe('exp.json: sparsty: expected a known key, received "sparsty". Did you mean sparsity?');
  });

  it('tells twenty faults of a thousand', () => {
    const values = Object.fromEntries(Array.from({ length: 1000 }, (_, k) => [`unknown${k}`, k]));
    expect(() => resolveExperiment({}, { path: 'a.json', values })).toThrow(/unknown0.*unknown19.*And 980 more$/);
  });

  it('tells all faults at once', () => {
    const message = faultOf({ tickets: '0' }, file({ sparsty: 1, seed: -1 }));
    expect(message).toMatch(/^exp\.json: sparsty: .*Did you mean sparsity\? Also --tickets: .* 0\. Also exp\.json: seed: .* received -1$/);
  });

  it.each<[Flags, string]>([
    [{ dataset: 'mnist' }, '--data: expected the path of the data of mnist, received nothing'],
    [{ data: 'x' }, '--data: expected no path, because the generated set is drawn and not read, received "x"'],
    [
      { dataset: 'mnist', data: 'x', imageSize: '32' },
      '--image-size: expected no value, because pictures of mnist have one size, received 32',
    ],
  ])('refuses what does not go together: %j', (flags, message) => {
    expect(faultOf(flags)).toBe(message);
  });

  it('knows the models, and what is wrong with a near one', () => {
    expect(faultOf({ network: 'lenet5' })).toBe('no fault');
    expect(faultOf({ network: 'my-net.json' })).toBe('no fault');
    expect(faultOf({ network: 'lenet-30-100' })).toMatch(/^--network: expected one of lenet-300-100, .*Did you mean lenet-300-100\?$/);
    expect(faultOf({ network: 'wrn-15-2' })).toMatch(/received wrn-15-2 \(depth: expected a depth of 6 n \+ 4/);
    expect(faultOf({}, file({ network: 'lenet-30-100' }))).toMatch(/^exp\.json: network: /);
  });
});

describe('readExperimentFile', () => {
  let folder = '';
  const write = async (text: string) => {
    const path = join(folder, 'exp.json');
    await writeFile(path, text);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freetickets-experiment-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes paths from the file as relative to it, names of models as they are', async () => {
    const path = await write('{ "data": "mnist", "network": "nets/tiny.json" }');
    expect((await readExperimentFile(path)).values).toEqual({ data: join(folder, 'mnist'), network: join(folder, 'nets/tiny.json') });
    expect((await readExperimentFile(await write('{ "network": "lenet-5" }'))).values).toEqual({ network: 'lenet-5' });
  });

  it.each([
    ['{ "data": ', /exp\.json: expected JSON, received something else \(/],
    ['[]', /exp\.json: expected an object of options, received \[\]/],
    ['null', /exp\.json: expected an object of options, received null/],
  ])('refuses %j', async (text, message) => {
    await expect(readExperimentFile(await write(text))).rejects.toThrow(message);
  });

  it('says that there is no file', async () => {
    await expect(readExperimentFile(join(folder, 'none.json'))).rejects.toThrow(/none\.json: expected an experiment file/);
  });
});

describe('experimentHash', () => {
  const hashOf = (flags: Flags, spec = lenet300()) => experimentHash(resolveExperiment(flags), spec);

  it('changes with what decides the result', () => {
    expect(hashOf({ seed: '18' })).not.toBe(hashOf({}));
    expect(hashOf({}, lenet5())).not.toBe(hashOf({}));
  });

  it('does not change with where and how fast it is computed, nor with the name of a network', () => {
    expect(hashOf({ threads: '2', checkpointEvery: '5', engine: 'reference', network: 'copy.json' })).toBe(hashOf({}));
  });
});
