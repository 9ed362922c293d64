import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCheckpoint, type TrainState } from '@freetickets/dst-trainer';
import { erk, initialState, lenet300, network, randomTopology } from '@freetickets/sparse-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { experimentHash, resolveExperiment } from './experiment.ts';
import { RunFolder } from './run-folder.ts';
import { isLease } from './run-lease.ts';
import type { RunRecord } from './run-record.ts';

const net = network(lenet300({ input: [1, 4, 4], classes: 2 }));
const model = initialState(net, randomTopology(net, erk()(net, 0.9), 1), 1);
const experiment = resolveExperiment({});
const record: RunRecord = {
  format: 'freetickets.run',
  version: 1,
  experiment,
  experimentHash: experimentHash(experiment, net.spec),
  network: net.spec,
  data: { name: 'two', hash: 'abc', classes: ['a', 'b'], train: 90, valid: 10, test: 20 },
  engine: 'reference',
  freetickets: '0.1.0',
  node: 'v20.19.0',
};

describe('RunFolder', () => {
  let parent = '';
  let path = '';
  const create = async () => {
    const { lease } = await RunFolder.create(path, record);
    await lease[Symbol.asyncDispose]();
    return new RunFolder(path);
  };
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'freetickets-run-'));
    path = join(parent, 'runs', 'one');
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('makes the folder and its parents, and reads back what it wrote', async () => {
    await create();
    const opened = await RunFolder.open(path);
    expect(opened.record).toEqual(record);
    expect(opened.experiment).toEqual(experiment);
    expect(opened.net.spec).toEqual(net.spec);
  });

  it('lays flags over the experiment and leaves the record alone', async () => {
    await create();
    const opened = await RunFolder.open(path, { threads: '3' });
    expect([opened.experiment.threads, opened.record.experiment.threads]).toEqual([3, undefined]);
  });

  it('leaves nothing behind when the record cannot be written', async () => {
    await expect(RunFolder.create(path, { ...record, node: 20n as never })).rejects.toThrow();
    expect(await readdir(parent)).toEqual([]);
  });

  it('leaves alone what others have put beside it meanwhile', async () => {
    const others = join(parent, 'runs', 'two');
    const broken = {
      ...record,
      toJSON() {
        mkdirSync(others);
        throw new Error('no record');
      },
    };
    await expect(RunFolder.create(path, broken)).rejects.toThrow('no record');
    expect(await readdir(join(parent, 'runs'))).toEqual(['two']);
  });

  it('takes an empty folder', async () => {
    await mkdir(path, { recursive: true });
    await create();
    expect(await readdir(path)).toEqual(['run.json']);
  });

  it('refuses a folder with files in it and leaves it as it was', async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'thesis.tex'), 'years of work');
    await expect(RunFolder.create(path, record)).rejects.toThrow(
      `${path}: expected a folder that does not exist yet, received one with files in it. Choose another --out`,
    );
    expect(await readdir(path)).toEqual(['thesis.tex']);
  });

  it('names the way to resume where there is a run, and not where there is a file', async () => {
    await create();
    await expect(RunFolder.checkFree(path)).rejects.toThrow(`freetickets train --resume ${path}`);
    const file = join(parent, 'file');
    await writeFile(file, '');
    await expect(RunFolder.checkFree(file)).rejects.toThrow(/received a file\. Choose another --out$/);
  });

  it('lets one process in at a time', async () => {
    const { folder, lease } = await RunFolder.create(path, record);
    await expect(folder.lease()).rejects.toThrow(`${path}: expected a run that nobody else works on`);
    await lease[Symbol.asyncDispose]();
    await (await folder.lease())[Symbol.asyncDispose]();
  });

  it('removes half-written files and nothing else', async () => {
    const folder = await create();
    await mkdir(join(path, 'tickets'));
    await writeFile(join(path, 'tickets', 'ticket-0.safetensors.1234abcd.tmp'), 'half');
    await writeFile(join(path, 'run.json.1234abcd.tmp'), 'half');
    await writeFile(join(path, 'tickets', 'ticket-0.safetensors'), 'whole');
    await folder.prepare();
    expect(await readdir(join(path, 'tickets'))).toEqual(['ticket-0.safetensors']);
    expect((await readdir(path)).sort()).toEqual(['run.json', 'tickets']);
  });

  const fired = new Map(
    [...model.topology].map(([param, { shape }]) => [param, new Uint8Array(Math.ceil(shape.reduce((a, b) => a * b, 1) / 8))]),
  );
  const sums = { loss: 1.5, correct: 3, seen: 32 };
  const state: TrainState = { seed: 17, model, step: 4, phase: 1, epoch: 0, batch: 1, sums, tickets: 0, fired, elapsedSeconds: 2.5 };
  const log = { bytes: 0, hash: createHash('sha256').digest('hex') };
  const at = (member: number, step: number) => ({
    member,
    state: { ...state, step },
    log,
    earlierSeconds: 7.25,
    identity: { sparsity: '0.9' },
  });
  const newest = (folder: RunFolder, members = 3) => folder.newestCheckpoint(members, ({ state: { tickets } }) => tickets);
  const names = async () => (await readdir(join(path, 'checkpoints'))).sort();

  it('has no checkpoint at first, and then the one that was saved', async () => {
    const folder = await create();
    expect(await newest(folder)).toEqual({ skipped: [] });
    await folder.saveCheckpoint(at(2, 4), 3);
    expect((await newest(folder)).checkpoint).toMatchObject({ ...at(2, 4), state: { step: 4, sums } });
    await expect(newest(folder, 2)).rejects.toThrow(/2-4\.safetensors: expected the position in a run of 2 members/);
  });

  it('keeps the newest checkpoints by member and step, and the newest alone to make room', async () => {
    const folder = await create();
    for (const [member, step] of [
      [0, 9],
      [0, 10],
      [0, 100],
      [1, 2],
    ] as const)
      await folder.saveCheckpoint(at(member, step), 3);
    expect(await names()).toEqual(['0-10.safetensors', '0-100.safetensors', '1-2.safetensors']);
    await folder.dropOlderCheckpoints();
    expect(await names()).toEqual(['1-2.safetensors']);
  });

  it('takes the newest checkpoint that is whole, says what it skipped, and removes that when it goes on', async () => {
    const folder = await create();
    for (const step of [10, 20, 30]) await folder.saveCheckpoint(at(0, step), 3);
    await truncate(join(path, 'checkpoints/0-30.safetensors'), 500);
    const file = join(path, 'checkpoints/0-20.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 7]! ^= 4;
    await writeFile(file, bytes);
    const { checkpoint, skipped } = await newest(folder);
    expect(checkpoint?.state.step).toBe(10);
    expect(skipped.map(({ at: place }) => place)).toEqual([join(path, 'checkpoints/0-30.safetensors'), file]);
    await folder.prepare(checkpoint);
    expect(await names()).toEqual(['0-10.safetensors']);
    await truncate(join(path, 'checkpoints/0-10.safetensors'), 0);
    await expect(newest(folder)).rejects.toMatchObject({ code: 'BAD_FILE' });
  });

  it('passes over checkpoints whose log or tickets are not what they were', async () => {
    const folder = await create();
    await folder.saveCheckpoint(at(0, 10), 3);
    await writeFile(folder.logPath, '{"a":1}\n{"a":2}\n');
    const hash = createHash('sha256').update('{"a":1}\n').digest('hex');
    await folder.saveCheckpoint({ ...at(0, 20), log: { bytes: 8, hash } }, 3);
    await folder.saveCheckpoint({ ...at(0, 30), state: { ...state, step: 30, tickets: 1 } }, 3);
    const found = await newest(folder);
    expect(found.checkpoint?.state.step).toBe(20);
    expect(found.skipped[0]?.message).toMatch(/ticket-0\.safetensors: expected a ticket file, received "no such file"/);
    await writeFile(folder.logPath, '{"a":3}\n{"a":2}\n');
    const earlier = await newest(folder);
    expect(earlier.checkpoint?.state.step).toBe(10);
    expect(earlier.skipped.at(-1)?.message).toMatch(/events\.jsonl: expected the 8 bytes that the checkpoint knows of, received others/);
  });

  it('lets nobody save whose run was taken over, and keeps what the new holder has', async () => {
    const { folder: sleeper, lease: first } = await RunFolder.create(path, record);
    await sleeper.prepare();
    await sleeper.saveCheckpoint(at(0, 1), 3);
    const [mine] = (await readdir(path)).filter(isLease);
    const asleep = new Date(Date.now() - 3_600_000);
    await utimes(join(path, mine!), asleep, asleep); // an hour without a sign of life
    const { folder } = await RunFolder.open(path);
    await using _second = await folder.lease();
    expect((await readdir(path)).filter(isLease)).not.toContain(mine);
    await folder.saveCheckpoint(at(0, 2), 3);
    await expect(sleeper.saveCheckpoint(at(0, 3), 3)).rejects.toThrow(/received one that another process took over/);
    await expect(sleeper.saveTicket(0, model, {})).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await names()).toEqual(['0-1.safetensors', '0-2.safetensors']);
    const tokens = await Promise.all([1, 2].map(async (step) => tokenOf(join(path, `checkpoints/0-${step}.safetensors`))));
    expect(tokens[1]).toBeGreaterThan(tokens[0]!);
    await first[Symbol.asyncDispose]();
    expect((await readdir(path)).filter(isLease)).toHaveLength(1);
  });

  it('counts tickets from 0 up to the first gap', async () => {
    const folder = await create();
    await expect(folder.tickets()).rejects.toThrow(`freetickets train --resume ${path}`);
    await folder.prepare();
    for (const index of [0, 1, 3]) await folder.saveTicket(index, model, { metrics: { epoch: index + 1 } });
    expect((await folder.tickets()).map(({ info }) => info.metrics?.epoch)).toEqual([1, 2]);
    await expect(folder.loadTickets(3)).rejects.toThrow(/ticket-2\.safetensors: expected a ticket file/);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['cut short', (text) => text.slice(0, 100), /run\.json: expected JSON, received something else \(/],
    [
      'of another format',
      (text) => text.replace('freetickets.run', 'other'),
      /run\.json: format: expected "freetickets\.run", received "other"/,
    ],
    ['of a newer version', (text) => text.replace('"version": 1', '"version": 2'), /run\.json: version: expected 1, received 2/],
    ['without its data', (text) => text.replace('"hash"', '"hush"'), /run\.json: data\.hash: expected string, received undefined/],
    [
      'with a damaged network',
      (text) => text.replace('"linear"', '"liner"'),
      /run\.json: network: expected a network spec, received one with a fault: nodes\[\d\]\.op/,
    ],
    [
      'with an impossible experiment',
      (text) => text.replace('"sparsity": 0.9', '"sparsity": 9'),
      /run\.json: sparsity: expected a number from 0 to below 1, received 9/,
    ],
    ['that is no object', () => 'null', /run\.json: expected object, received null/],
  ])('refuses a record %s', async (_, damage, message) => {
    await create();
    const file = join(path, 'run.json');
    await writeFile(file, damage(await readFile(file, 'utf8')));
    await expect(RunFolder.open(path)).rejects.toThrow(message);
  });

  it('says what is there instead of a run, and which runs are inside', async () => {
    const empty = join(parent, 'empty');
    await mkdir(empty);
    await expect(RunFolder.open(empty)).rejects.toThrow(`${empty}: expected the folder of a run, received one without run.json`);
    const none = join(parent, 'none');
    await expect(RunFolder.open(none)).rejects.toThrow(`${none}: expected the folder of a run, received nothing of that name`);
    await create();
    await expect(RunFolder.open(join(path, 'run.json'))).rejects.toThrow('run.json: expected the folder of a run, received a file');
    await expect(RunFolder.open(join(parent, 'runs'))).rejects.toThrow(`received one without run.json. Runs in it: ${path}`);
  });

  it('has no results when they are missing, and none after training went on', async () => {
    const folder = await create();
    expect(await folder.results()).toBeUndefined();
    await folder.writeJson('results.json', { samples: 20 });
    expect(await folder.results()).toEqual({ samples: 20 });
    await writeFile(join(path, 'results.json'), '{ "sam');
    expect(await folder.results()).toBeUndefined();
    await folder.dropResults();
    expect(await folder.results()).toBeUndefined();
  });
});

const tokenOf = async (file: string): Promise<number> => JSON.parse(decodeCheckpoint(await readFile(file), file).meta.run!).token;
