/** Model folders as Triton lays them out: which versions are taken, who answers, and what happens when files change. Real files and workers. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createService, type RunningService, type ServiceOptions } from '../create-service.ts';
import type { InferRequest } from '../service.ts';

const golden = (file: string) => fileURLToPath(new URL(`../../../../test/golden/onnx/${file}`, import.meta.url));
let folder: string;
let service: RunningService | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freetickets-'));
});
afterEach(async () => {
  await service?.close();
  service = undefined;
  await rm(folder, { recursive: true });
});

const at = (...parts: string[]) => join(folder, ...parts);

/** Adds a version of the model `rows`. */
async function add(version: string, file = 'tiny-rows.onnx'): Promise<void> {
  await mkdir(at('rows', version), { recursive: true });
  await copyFile(golden(file), at('rows', version, 'model.onnx'));
}

async function start(options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  service = await createService({ folder, control: 'poll', pollSeconds: 3600, threads: 1, logLevel: 'silent', ...options });
  return service;
}

const request = (over: Partial<InferRequest> = {}): InferRequest => ({
  model: 'rows',
  parameters: {},
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [1, 4], bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) },
    { name: 'pick', datatype: 'INT64', shape: [1], bytes: new Uint8Array(BigInt64Array.of(3n).buffer) },
  ],
  outputs: [],
  ...over,
});
const versionOf = async (of: RunningService, version?: string) => (await of.infer(request(version ? { version } : {}), {})).version;
const loaded = (of: RunningService) => of.modelMetadata('rows').versions;
const pids = (of: RunningService) => of.repository.model('rows').loaded.flatMap((version) => version.pids);

describe('versions', () => {
  it.each([
    ['', ['3']],
    ['version_policy { latest { num_versions: 2 } }', ['2', '3']],
    ['version_policy { all {} }', ['1', '2', '3']],
    ['version_policy { specific { versions: [1, 3] } }', ['1', '3']],
  ])('%s: serves %j, and names the newest where none is asked for', async (config, versions) => {
    for (const version of ['1', '2', '3']) await add(version);
    await mkdir(at('rows', '4.tmp'));
    await mkdir(at('rows', '05'));
    await writeFile(at('rows', 'config.pbtxt'), config);
    const running = await start();
    expect(loaded(running)).toEqual(versions);
    expect(await versionOf(running)).toBe('3');
    expect(await versionOf(running, versions[0])).toBe(versions[0]);
    await expect(versionOf(running, '9')).rejects.toMatchObject({
      reason: 'not-found',
      message: expect.stringContaining("'rows' version 9 is not found"),
    });
  });

  it('follows the folder: what is new is loaded, what changed is loaded anew, what did not is left alone', async () => {
    await add('1');
    const running = await start();
    const before = pids(running);
    await running.repository.poll();
    expect(pids(running)).toEqual(before);
    await add('2');
    await running.repository.poll();
    expect(loaded(running)).toEqual(['2']);
    const second = pids(running);
    await add('2'); // written again
    await running.repository.poll();
    const again = pids(running);
    expect(again).not.toEqual(second);
    await writeFile(at('rows', '2', 'weights.bin'), 'tensors may lie beside the model');
    await running.repository.poll();
    expect(pids(running)).not.toEqual(again);
    await rm(at('rows', '2'), { recursive: true });
    await running.repository.poll();
    expect(loaded(running)).toEqual(['1']);
    await rm(at('rows'), { recursive: true });
    await running.repository.poll();
    expect(() => running.modelMetadata('rows')).toThrow("unknown model: 'rows'");
  });

  it('keeps what it has when the new is broken, and says why', async () => {
    await add('1');
    const running = await start();
    await writeFile(at('rows', '1', 'model.onnx'), 'broken');
    await running.repository.poll();
    expect(await versionOf(running)).toBe('1');
    await writeFile(at('rows', 'config.pbtxt'), 'max_batch_size: "x"');
    await running.repository.poll();
    expect(await versionOf(running)).toBe('1');
  });

  it('takes a version with a manifest only when every file is whole', async () => {
    await add('1');
    await add('2');
    const sha256 = createHash('sha256')
      .update(await readFile(golden('tiny-rows.onnx')))
      .digest('hex');
    const manifest = (digest: string) =>
      writeFile(at('rows', '2', 'manifest.json'), JSON.stringify({ files: { 'model.onnx': { sha256: digest } } }));
    await manifest('0'.repeat(64));
    const running = await start();
    expect(loaded(running)).toEqual(['1']);
    expect(running.repositoryIndex()).toContainEqual({
      name: 'rows',
      version: '2',
      state: 'UNAVAILABLE',
      reason: expect.stringContaining('manifest.json'),
    });
    await manifest(sha256);
    await running.repository.poll();
    expect(loaded(running)).toEqual(['2']);
    await running.close();
    const strict = await start({ requireManifest: true, control: 'none' });
    expect(loaded(strict)).toEqual(['2']);
    expect(strict.repositoryIndex().find(({ version }) => version === '1')?.reason).toContain('no manifest.json');
  });

  it('takes no file from outside the model folder', async () => {
    await add('1');
    await mkdir(at('rows', '2'));
    await symlink(golden('tiny-rows.onnx'), at('rows', '2', 'model.onnx'));
    const running = await start();
    expect(loaded(running)).toEqual(['1']);
    expect(running.repositoryIndex().find(({ version }) => version === '2')?.reason).toContain('outside');
  });
});

describe('configuration', () => {
  it('is taken from config.pbtxt and completed from the file, with labels', async () => {
    await add('1');
    await writeFile(
      at('rows', 'config.pbtxt'),
      `max_batch_size: 16
       output [{ name: "doubled" data_type: TYPE_FP32 dims: [4] label_filename: "labels.txt" }]
       instance_group [{ count: 2 kind: KIND_CPU }]
       dynamic_batching { preferred_batch_size: [4, 8] max_queue_delay_microseconds: 100 }`,
    );
    await writeFile(at('rows', 'labels.txt'), 'ant\nbee\ncat\ndog\n');
    const running = await start();
    expect(running.modelConfig('rows')).toMatchObject({
      name: 'rows',
      max_batch_size: 16,
      input: [
        { name: 'x', data_type: 'TYPE_FP32', dims: [4] },
        { name: 'pick', dims: [] },
      ],
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: 100 },
    });
    expect(pids(running)).toHaveLength(2);
    const { outputs } = await running.infer(request({ outputs: [{ name: 'doubled', classification: 1 }] }), {});
    expect(Buffer.from(outputs[0]!.bytes.subarray(4)).toString()).toBe('8.000000:3:dog');
  });

  it.each([
    ['input [{ name: "x" data_type: TYPE_INT32 dims: [4] }]', "input 'x': expected TYPE_FP32"],
    ['input [{ name: "x" data_type: TYPE_FP32 dims: [5] }]', "input 'x': expected dims [4]"],
    ['name: "other"', "name: expected 'rows'"],
    ['max_batch_size: 4 output [{ name: "doubled" data_type: TYPE_FP32 dims: [4] label_filename: "none.txt" }]', 'a file of labels'],
    ['dynamic_batching { priority_levels: 1000000 }', 'priority_levels: expected a whole number from 0 to 100'],
    ['dynamic_batching { priority_levels: 2 default_priority_level: 3 }', 'default_priority_level: expected a whole number from 0 to 2'],
    ['instance_group [{ count: 5000 }]', 'instance_group.count: expected a whole number from 1 to 256'],
    ['max_batch_size: -1', 'max_batch_size: expected a whole number from 0'],
    ['output [{ name: "doubled" data_type: TYPE_FP32 dims: [4] label_filename: "../../labels.txt" }]', 'a file of labels'],
    ['model_warmup [{ name: "w" inputs { key: "x" value { data_type: TYPE_FP32 dims: [4] zero_data: true } } }]', "an input 'pick'"],
  ])('%s is refused where it contradicts the file', async (config, message) => {
    await add('1');
    await writeFile(at('rows', 'config.pbtxt'), config);
    await expect(start({ control: 'explicit', loadAtStart: ['rows'] })).rejects.toThrow(message);
  });

  it('warms every worker up before the model answers, and counts none of it', async () => {
    await add('1');
    const warm = (pick: string) =>
      `model_warmup [{ name: "w" batch_size: 3 count: 2
         inputs { key: "x" value { data_type: TYPE_FP32 dims: [4] random_data: true } }
         inputs { key: "pick" value { data_type: TYPE_INT64 dims: [${pick}] zero_data: true } } }]`;
    await writeFile(at('rows', 'config.pbtxt'), warm(''));
    const running = await start();
    expect(running.repositoryIndex()).toEqual([{ name: 'rows', version: '1', state: 'READY' }]);
    expect(running.statistics('rows')[0]).toMatchObject({ inference_count: 0, execution_count: 0 });
    await running.close();
    await writeFile(at('rows', 'config.pbtxt'), warm('1, 1')); // of the wrong rank: the model refuses it
    await expect(start({ control: 'explicit', loadAtStart: ['rows'] })).rejects.toThrow();
  });
});

describe('routing', () => {
  const route = (routing: object) => writeFile(at('rows', 'routing.json'), JSON.stringify(routing));

  it('gives versions other names, and can be changed while it runs', async () => {
    for (const version of ['1', '2', '3']) await add(version);
    await route({ aliases: { stable: '1', canary: '3' } });
    const running = await start();
    expect(loaded(running)).toEqual(['1', '3']);
    expect([await versionOf(running, 'stable'), await versionOf(running, 'canary')]).toEqual(['1', '3']);
    await route({ aliases: { stable: '3' } });
    await running.repository.poll();
    expect(await versionOf(running, 'stable')).toBe('3');
    await expect(versionOf(running, 'canary')).rejects.toMatchObject({ reason: 'not-found' });
    await expect(versionOf(running, '__proto__')).rejects.toMatchObject({ reason: 'not-found' });
  });

  it('gives each version its share of the requests that name none', async () => {
    for (const version of ['1', '2']) await add(version);
    await route({ aliases: { stable: '1', canary: '2' }, split: { stable: 0.9, canary: 0.1 } });
    const running = await start();
    const answered: string[] = [];
    for (let i = 0; i < 40; i++) answered.push(await versionOf(running));
    expect(answered.filter((version) => version === '2')).toHaveLength(4);
    expect(answered.lastIndexOf('2') - answered.indexOf('2')).toBe(30); // evenly spread
  });

  it('computes a share of the requests on a shadow too, and answers without it', async () => {
    for (const version of ['1', '2']) await add(version);
    await route({ split: { 1: 1 }, shadow: { 2: 0.5 } });
    const running = await start();
    for (let i = 0; i < 10; i++) expect(await versionOf(running)).toBe('1');
    await expect.poll(() => running.statistics('rows', '2')[0]!.inference_count).toBe(5);
    expect(running.statistics('rows', '1')[0]!.inference_count).toBe(10);
  });

  it('refuses what adds up to something else, and keeps what it has', async () => {
    await add('1');
    const running = await start();
    for (const routing of [
      { split: { 1: 0.5 } },
      { split: { other: 1 } },
      { aliases: { '1': '1' } },
      { aliases: { a: 'x' } },
      { shadow: { 1: 2 } },
      { more: 1 },
      [],
    ]) {
      await route(routing);
      await running.repository.poll();
      expect(await versionOf(running)).toBe('1');
    }
    await expect(running.repository.model('rows').update()).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });

  it('goes back to the version before when most of the first requests fail', async () => {
    await add('1');
    await add('2');
    const running = await start();
    // Version 2 raises an error on every request that is sent to it.
    const bad = request({
      inputs: [request().inputs[0]!, { ...request().inputs[1]!, bytes: new Uint8Array(BigInt64Array.of(99n).buffer) }],
    });
    for (let i = 0; i < 20; i++) await expect(running.infer(bad, {})).rejects.toMatchObject({ reason: 'failed' });
    await expect.poll(() => versionOf(running)).toBe('1');
    await expect
      .poll(() => running.repositoryIndex().find(({ version }) => version === '2')?.reason)
      .toBe('rolled back: 20 of its first 20 requests failed');
    await running.repository.poll();
    expect(await versionOf(running)).toBe('1');
    await add('2'); // a new file gets a new trial
    await running.repository.poll();
    expect(await versionOf(running)).toBe('2');
  });
});

describe('load and unload', () => {
  it('load what is asked for, under the configuration that is sent, and list the rest', async () => {
    await add('1');
    const running = await start({ control: 'explicit' });
    expect(running.repositoryIndex()).toEqual([{ name: 'rows' }]);
    await expect(versionOf(running)).rejects.toMatchObject({ reason: 'not-found' });
    await running.load('rows', { config: '{"max_batch_size": 2}' });
    expect(running.modelConfig('rows').max_batch_size).toBe(2);
    await running.load('rows');
    expect(running.modelConfig('rows').max_batch_size).toBe(64);
    await running.unload('rows');
    expect(running.repositoryIndex()).toEqual([{ name: 'rows', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' }]);
    expect(running.modelReady('rows')).toBe(false);
    await expect(versionOf(running)).rejects.toMatchObject({ reason: 'unavailable' });
    await running.load('rows');
    expect(await versionOf(running)).toBe('1');
  });

  it.each(['none', '..', '../rows', 'rows/../rows', '__proto__', ''])('know no model %j', async (name) => {
    await add('1');
    const running = await start({ control: 'explicit' });
    await expect(running.load(name)).rejects.toMatchObject({ reason: 'not-found' });
    await expect(running.unload(name)).rejects.toMatchObject({ reason: 'not-found' });
  });

  it('take no files from requests', async () => {
    await add('1');
    const running = await start({ control: 'explicit' });
    const files = { config: '{}', 'file:1/model.onnx': new Uint8Array(4) };
    await expect(running.load('rows', files)).rejects.toMatchObject({ reason: 'forbidden' });
  });
});
