/** Triton's extensions over HTTP: binary and raw tensors, classification, compressed answers, configuration, statistics, settings. */
import { fileURLToPath } from 'node:url';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createService, type RunningService } from '../create-service.ts';
import { KeyGate } from '../security/key-gate.ts';
import { httpApp } from '../serve.ts';

const golden = (file: string) => ({ path: fileURLToPath(new URL(`../../../../test/golden/onnx/${file}`, import.meta.url)) });
let service: RunningService;
let app: FastifyInstance;

beforeAll(async () => {
  const models = { tiny: golden('tiny-ensemble.onnx'), rows: golden('tiny-rows.onnx'), types: golden('tiny-types.onnx') };
  service = await createService({ models, threads: 1, logLevel: 'silent' });
  app = httpApp({ service, gate: new KeyGate() });
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const bytesOf = (data: ArrayBufferView): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
/** A request of JSON with tensors behind it. */
function binary(model: string, header: object, parts: readonly ArrayBufferView[], options: InjectOptions = {}) {
  const json = Buffer.from(JSON.stringify(header));
  const payload = Buffer.concat([json, ...parts.map(bytesOf)]);
  const headers = { 'inference-header-content-length': String(json.length), ...(options.headers as object) };
  return app.inject({ method: 'POST', url: `/v2/models/${model}/infer`, payload, ...options, headers });
}
const post = (url: string, payload: object = {}) => app.inject({ method: 'POST', url, payload: JSON.stringify(payload) });

/** The JSON of an answer and the bytes behind it. */
function split(response: { rawPayload: Buffer; headers: Record<string, unknown> }) {
  const length = Number(response.headers['inference-header-content-length']);
  return { json: JSON.parse(response.rawPayload.toString('utf8', 0, length)), rest: response.rawPayload.subarray(length) };
}

const rows = {
  inputs: [
    { name: 'pick', datatype: 'INT64', shape: [2], parameters: { binary_data_size: 16 } },
    { name: 'x', datatype: 'FP32', shape: [2, 4], parameters: { binary_data_size: 32 } },
  ],
};
const pick = BigInt64Array.of(9n, 4n);
const x = Float32Array.from({ length: 8 }, (_, i) => i / 8);

describe('binary tensors', () => {
  it('are read in the order of the inputs, wherever they begin, and written behind the JSON', async () => {
    for (const id of ['a', 'ab', 'abc', 'abcd']) {
      const response = await binary('rows', { id, ...rows, parameters: { binary_data_output: true } }, [pick, x]);
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toBe('application/octet-stream');
      const { json, rest } = split(response);
      expect(json).toEqual({
        model_name: 'rows',
        model_version: '1',
        id,
        outputs: [
          { name: 'doubled', datatype: 'FP32', shape: [2, 4], parameters: { binary_data_size: 32 } },
          { name: 'picked', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
        ],
      });
      expect(new Float32Array(new Uint8Array(rest).buffer)).toEqual(Float32Array.of(...x.map((value) => 2 * value), 90, 40));
    }
  });

  it('are answered for some outputs and JSON for others, as each says', async () => {
    const outputs = [{ name: 'picked', parameters: { binary_data: false } }, { name: 'doubled' }];
    const response = await binary('rows', { ...rows, outputs, parameters: { binary_data_output: true } }, [pick, x]);
    const { json, rest } = split(response);
    expect(json.outputs[0]).toEqual({ name: 'picked', datatype: 'FP32', shape: [2], data: [90, 40] });
    expect(rest.byteLength).toBe(32);
  });

  it('are JSON by default', async () => {
    const response = await binary('rows', rows, [pick, x]);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.json().outputs[1].data).toEqual([90, 40]);
  });

  it('carry text as bytes behind their lengths, and NaN', async () => {
    const words = Buffer.from('\x02\0\0\0ab\0\0\0\0', 'latin1');
    const inputs = [
      { name: 'floats', datatype: 'FP32', shape: [2], data: [-1, 1] },
      { name: 'integers', datatype: 'INT64', shape: [2], data: [1, 2] },
      { name: 'flags', datatype: 'BOOL', shape: [2], parameters: { binary_data_size: 2 } },
      { name: 'words', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: words.length } },
    ];
    const outputs = ['same_words', 'logs', 'negated'].map((name) => ({ name, parameters: { binary_data: true } }));
    const { rest } = split(await binary('types', { inputs, outputs }, [Uint8Array.of(1, 0), words]));
    expect(rest.subarray(0, 10)).toEqual(words);
    const logs = new Float32Array(new Uint8Array(rest.subarray(10, 18)).buffer);
    expect(logs).toEqual(Float32Array.of(Number.NaN, 0));
    expect([...rest.subarray(18)]).toEqual([0, 1]);
  });

  it('may be the whole body of a model with one input', async () => {
    const { rest, json } = split(
      await app.inject({
        method: 'POST',
        url: '/v2/models/tiny/infer',
        payload: bytesOf(Float32Array.of(1, 2, 3, 4)),
        headers: { 'inference-header-content-length': '0' },
      }),
    );
    expect(json.outputs.map(({ shape }: { shape: number[] }) => shape)).toEqual([
      [1, 3],
      [2, 1, 3],
    ]);
    const asJson = await post('/v2/models/tiny/infer', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] });
    const probabilities = new Float32Array(new Uint8Array(rest.subarray(0, 12)).buffer);
    expect([...probabilities]).toEqual(asJson.json().outputs[0].data);
  });
});

describe('classification', () => {
  const inputs = [
    { name: 'x', datatype: 'FP32', shape: [2, 4], data: [3, 1, 4, 1, 5, 9, 2, 6] },
    { name: 'pick', datatype: 'INT64', shape: [2], data: [0, 0] },
  ];
  const ask = (classification: number, more: object = {}) =>
    post('/v2/models/rows/infer', { inputs, outputs: [{ name: 'doubled', parameters: { classification, ...more } }] });

  it('gives the best classes of each row as value:index, larger first', async () => {
    const [output] = (await ask(2)).json().outputs;
    expect(output).toEqual({
      name: 'doubled',
      datatype: 'BYTES',
      shape: [2, 2],
      data: ['8.000000:2', '6.000000:0', '18.000000:1', '12.000000:3'],
    });
  });

  it('gives all where more are asked for, the first of equals first, also in binary', async () => {
    const response = await ask(9, { binary_data: true });
    const { json, rest } = split(response);
    expect(json.outputs[0].shape).toEqual([2, 4]);
    expect(rest.toString('latin1')).toContain('8.000000:2\n\0\0\x006.000000:0\n\0\0\x002.000000:1\n\0\0\x002.000000:3');
  });
});

describe('compressed answers', () => {
  const inputs = [
    { name: 'x', datatype: 'FP32', shape: [64, 4], data: Array.from({ length: 256 }, (_, i) => i) },
    { name: 'pick', datatype: 'INT64', shape: [64], data: Array(64).fill(3) },
  ];
  const ask = (accept: string) =>
    app.inject({
      method: 'POST',
      url: '/v2/models/rows/infer',
      payload: JSON.stringify({ inputs }),
      headers: { 'accept-encoding': accept },
    });

  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['deflate', 'deflate', inflateSync],
    ['br, gzip;q=0.5, deflate;q=0.9', 'deflate', inflateSync],
    ['*', 'gzip', gunzipSync],
  ])('to "%s" are in %s', async (accept, coding, undo) => {
    const response = await ask(accept);
    expect(response.headers['content-encoding']).toBe(coding);
    expect(JSON.parse(undo(response.rawPayload).toString()).outputs[1].data).toEqual(Array(64).fill(30));
  });

  it.each(['br', 'identity', 'gzip;q=0'])('are none to "%s"', async (accept) => {
    const response = await ask(accept);
    expect(response.headers['content-encoding']).toBeUndefined();
    expect(response.json().outputs[1].data).toHaveLength(64);
  });
});

describe('configuration and statistics', () => {
  it('names what the file says under the words of config.pbtxt, without the batch dimension', async () => {
    expect((await app.inject('/v2/models/rows/config')).json()).toMatchObject({
      name: 'rows',
      platform: 'onnxruntime_onnx',
      max_batch_size: 64,
      input: [
        { name: 'x', data_type: 'TYPE_FP32', dims: [4] },
        { name: 'pick', data_type: 'TYPE_INT64', dims: [] },
      ],
      dynamic_batching: {},
      instance_group: [{ kind: 'KIND_CPU', count: 1 }],
    });
    expect((await app.inject('/v2/models/tiny/versions/1/config')).json()).toMatchObject({ max_batch_size: 0, input: [{ dims: [-1, 4] }] });
  });

  it('counts requests, rows and runs', async () => {
    const read = async (url: string) => (await app.inject(url)).json().model_stats;
    const [before] = await read('/v2/models/rows/stats');
    const inputs = [
      { name: 'x', datatype: 'FP32', shape: [3, 4], data: Array(12).fill(0) },
      { name: 'pick', datatype: 'INT64', shape: [3], data: [0, 1, 2] },
    ];
    await post('/v2/models/rows/infer', { inputs });
    await post('/v2/models/rows/infer', { inputs: inputs.slice(1) });
    const [after] = await read('/v2/models/rows/versions/1/stats');
    expect(after.inference_count - before.inference_count).toBe(3);
    expect(after.execution_count - before.execution_count).toBe(1);
    expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(1);
    expect(after.inference_stats.fail.count - before.inference_stats.fail.count).toBe(1);
    expect(after.batch_stats.find(({ batch_size }: { batch_size: number }) => batch_size === 3).compute_infer.ns).toBeGreaterThan(0);
    expect((await read('/v2/models/stats')).map(({ name }: { name: string }) => name).sort()).toEqual(['rows', 'tiny', 'types']);
  });

  it('lists the models of the repository', async () => {
    const list = (await post('/v2/repository/index')).json();
    expect(list).toContainEqual({ name: 'rows', version: '1', state: 'READY' });
    expect((await post('/v2/repository/index', { ready: true })).json()).toHaveLength(3);
    expect((await app.inject({ method: 'POST', url: '/v2/repository/index' })).json()).toHaveLength(3);
  });

  it('refuses to load and unload unless that was chosen', async () => {
    for (const act of ['load', 'unload']) {
      const response = await post(`/v2/repository/models/rows/${act}`);
      expect(response.statusCode).toBe(400);
      expect(response.json().error).toContain('not allowed');
    }
  });
});

describe('settings', () => {
  it('of traces are texts, changed and taken back', async () => {
    const before = (await app.inject('/v2/trace/setting')).json();
    expect(before).toMatchObject({ trace_level: ['OFF'], trace_rate: '1000', trace_count: '-1' });
    expect((await post('/v2/models/rows/trace/setting', { trace_rate: '10' })).json()).toMatchObject({ trace_rate: '10' });
    expect((await post('/v2/models/rows/trace/setting', { trace_rate: null })).json()).toEqual(before);
    expect((await post('/v2/trace/setting', { trace_file: '/etc/passwd' })).statusCode).toBe(400);
  });

  it('of logs set the level', async () => {
    expect((await post('/v2/logging', { log_verbose_level: 1 })).json()).toMatchObject({ log_verbose_level: 1 });
    expect(service.logger.level).toBe('debug');
    expect((await post('/v2/logging', { log_verbose_level: 0 })).json()).toEqual((await app.inject('/v2/logging')).json());
    expect((await post('/v2/logging', { log_file: 'x' })).statusCode).toBe(400);
  });

  it.each([
    ['GET', '/v2/systemsharedmemory/status'],
    ['GET', '/v2/cudasharedmemory/region/a/status'],
    ['POST', '/v2/systemsharedmemory/region/a/register'],
    ['POST', '/v2/cudasharedmemory/unregister'],
  ] as const)('%s %s is refused: there is no shared memory', async (method, url) => {
    const response = await app.inject({ method, url, ...(method === 'POST' && { payload: '{}' }) });
    expect(response.statusCode).toBe(501);
    expect(response.json().error).toContain('shared memory');
  });
});

it('says the id of a request, the caller’s where it is plain', async () => {
  const idOf = async (given: string) => (await app.inject({ url: '/v2', headers: { 'x-request-id': given } })).headers['x-request-id'];
  expect(await idOf('abc-1')).toBe('abc-1');
  expect(await idOf('a b\u0007')).toMatch(/^[\w-]+$/);
});
