import { readFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createService, type RunningService } from '../create-service.ts';
import { KeyGate } from '../security/key-gate.ts';
import { httpApp } from '../serve.ts';

const golden = (file: string) => fileURLToPath(new URL(`../../../../test/golden/onnx/${file}`, import.meta.url));
const models = { tiny: { path: golden('tiny-ensemble.onnx') }, 'types-1.0': { path: golden('tiny-types.onnx') } };
const maxBodyBytes = 10_000;
const x = { name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] };
let app: FastifyInstance;
let service: RunningService;

beforeAll(async () => {
  service = await createService({ models, threads: 1, logLevel: 'silent' });
  app = httpApp({ service, gate: new KeyGate(), maxBodyBytes });
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const infer = (payload: object | string | Buffer, options: InjectOptions = {}) =>
  app.inject({ method: 'POST', url: '/v2/models/tiny/infer', payload, ...options });

describe('health and metadata', () => {
  it.each([
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/tiny/ready', { name: 'tiny', ready: true }],
    ['/v2/models/tiny/versions/1/ready', { name: 'tiny', ready: true }],
  ])('GET %s', async (url, expected) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual(expected);
  });

  it.each(['/v2', '/v2/'])(
    'GET %s names the server, its version and what it offers beyond the protocol, shared memory not among it',
    async (url) => {
      const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
      const { extensions, ...server } = (await app.inject(url)).json();
      expect(server).toEqual({ name: 'freetickets-inference', version });
      expect(extensions).toEqual(expect.arrayContaining(['binary_tensor_data', 'classification', 'statistics', 'model_configuration']));
      expect(extensions.join()).not.toMatch(/shared_memory|sequence/);
    },
  );

  it.each(['/v2/models/types-1.0', '/v2/models/types-1.0/versions/1', '/v2/models/types%2D1.0'])('GET %s', async (url) => {
    expect((await app.inject(url)).json()).toEqual({
      name: 'types-1.0',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'floats', datatype: 'FP32', shape: [-1] },
        { name: 'integers', datatype: 'INT64', shape: [-1] },
        { name: 'flags', datatype: 'BOOL', shape: [-1] },
        { name: 'words', datatype: 'BYTES', shape: [-1] },
      ],
      outputs: [
        { name: 'logs', datatype: 'FP32', shape: [-1] },
        { name: 'doubled', datatype: 'INT64', shape: [-1] },
        { name: 'negated', datatype: 'BOOL', shape: [-1] },
        { name: 'same_words', datatype: 'BYTES', shape: [-1] },
      ],
    });
  });
});

describe('POST infer', () => {
  it('agrees with numpy within 1e-6', async () => {
    const { cases } = JSON.parse(await readFile(golden('tiny-ensemble.json'), 'utf8'));
    for (const { x: rows, probabilities, member_probabilities } of cases) {
      const response = await infer({ id: 'golden', inputs: [{ ...x, shape: [rows.length, 4], data: rows }] });
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toMatch(/^application\/json/);
      const { outputs, ...head } = response.json();
      expect(head).toEqual({ model_name: 'tiny', model_version: '1', id: 'golden' });
      const wanted = [probabilities.flat(), member_probabilities.flat(2)];
      expect(outputs.map(({ shape }: { shape: number[] }) => shape)).toEqual([
        [rows.length, 3],
        [2, rows.length, 3],
      ]);
      for (const [i, { data }] of outputs.entries()) {
        expect(data).toHaveLength(wanted[i].length);
        expect(Math.max(...wanted[i].map((value: number, j: number) => Math.abs(value - data[j])))).toBeLessThan(1e-6);
      }
    }
  });

  it('answers with the outputs asked for, in that order, on the versioned address too', async () => {
    const outputs = [{ name: 'member_probabilities' }, { name: 'probabilities' }];
    const response = await infer({ inputs: [x], outputs }, { url: '/v2/models/tiny/versions/1/infer' });
    expect(response.json().outputs.map(({ name }: { name: string }) => name)).toEqual(['member_probabilities', 'probabilities']);
    const one = await infer({ inputs: [x], outputs: outputs.slice(1) });
    expect(one.json().outputs).toHaveLength(1);
  });

  it('carries every digit of a 64-bit integer, flags and text', async () => {
    const { cases } = JSON.parse(await readFile(golden('tiny-types.json'), 'utf8'));
    const [{ floats, integers, flags, words, logs, doubled, negated }] = cases;
    const inputs = [
      { name: 'words', datatype: 'BYTES', shape: [3], data: words },
      { name: 'flags', datatype: 'BOOL', shape: [3], data: flags },
      { name: 'integers', datatype: 'INT64', shape: [3], data: integers },
      { name: 'floats', datatype: 'FP32', shape: [3], data: floats },
    ];
    const response = await infer({ inputs }, { url: '/v2/models/types-1.0/infer' });
    expect(response.body).toContain(`"data":[${doubled.join(',')}]`);
    const [log, , not, same] = response.json().outputs.map(({ data }: { data: unknown[] }) => data);
    expect(not).toEqual(negated);
    expect(same).toEqual(words);
    for (const [i, value] of logs.entries()) expect(log[i]).toBeCloseTo(value, 6);
  });

  it('answers NaN with an error that names the output, never with null', async () => {
    const one = (name: string, datatype: string, element: unknown) => ({ name, datatype, shape: [1], data: [element] });
    const inputs = [one('floats', 'FP32', -1), one('integers', 'INT64', 1), one('flags', 'BOOL', true), one('words', 'BYTES', '')];
    const response = await infer({ inputs }, { url: '/v2/models/types-1.0/infer' });
    expect(response.statusCode).toBe(500);
    expect(response.json()).toEqual({ error: "output 'logs', element 0: expected a finite number (JSON has no other), received NaN" });
  });

  it.each([undefined, 'application/json', 'application/octet-stream', 'text/plain'])('reads a body of content type %s', async (type) => {
    const response = await infer(Buffer.from(JSON.stringify({ inputs: [x] })), {
      headers: type === undefined ? {} : { 'content-type': type },
    });
    expect(response.statusCode).toBe(200);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('reads a body in %s', async (encoding, compress) => {
    const body = compress(JSON.stringify({ inputs: [x] }));
    const response = await infer(body, { headers: { 'content-encoding': encoding } });
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe((await infer({ inputs: [x] })).body);
  });
});

describe('errors', () => {
  const errorOf = (response: { json(): Record<string, unknown> }): string => {
    expect(Object.keys(response.json())).toEqual(['error']);
    return response.json().error as string;
  };

  it.each<[string, number, object | string, string]>([
    ['no JSON', 400, '{"inputs":[NaN]}', 'request body: expected JSON'],
    ['an empty body', 400, '', 'request body: expected JSON'],
    ['a wrong shape', 400, { inputs: [{ ...x, shape: [1, 3], data: [1, 2, 3] }] }, "unexpected shape for input 'x'"],
    ['too little data', 400, { inputs: [{ ...x, data: [1] }] }, '/inputs/0/data: expected 4 items'],
    ['text for a number', 400, { inputs: [{ ...x, data: [1, 2, 3, '4'] }] }, '/inputs/0/data/3: expected a number'],
    ['another datatype', 400, { inputs: [{ ...x, datatype: 'FP64' }] }, "data-type is 'FP64', but model 'tiny' expects 'FP32'"],
    ['a trap', 400, '{"inputs":[],"__proto__":{"id":1}}', 'request body: expected no key named __proto__'],
    ['deep nesting', 400, '['.repeat(5000), 'request body: expected at most 100 levels'],
    ['a large body', 413, ' '.repeat(maxBodyBytes + 1), `request body: expected at most ${maxBodyBytes} bytes, received more`],
  ])('answers %s with %i', async (_what, status, payload, message) => {
    const response = await infer(payload, typeof payload === 'string' ? { headers: { 'content-type': 'application/json' } } : {});
    expect(response.statusCode).toBe(status);
    expect(errorOf(response)).toContain(message);
  });

  it('answers a request without any body with 400', async () => {
    const response = await app.inject({ method: 'POST', url: '/v2/models/tiny/infer' });
    expect(response.statusCode).toBe(400);
    expect(errorOf(response)).toContain('request body');
  });

  it('answers a body that decompresses past the limit with 413', async () => {
    const response = await infer(gzipSync(' '.repeat(maxBodyBytes + 1)), { headers: { 'content-encoding': 'gzip' } });
    expect(response.statusCode).toBe(413);
    expect(errorOf(response)).toContain('after decompression');
  });

  it('answers an unknown content encoding with 415 and names those it reads', async () => {
    const response = await infer({ inputs: [x] }, { headers: { 'content-encoding': 'br' } });
    expect(response.statusCode).toBe(415);
    expect(response.headers['accept-encoding']).toBe('gzip, deflate');
    expect(errorOf(response)).toContain('received br');
  });

  it.each<['GET' | 'POST', string, string]>([
    ['GET', '/v2/models/zz', "Request for unknown model: 'zz' is not found"],
    ['GET', '/v2/models/zz/ready', "Request for unknown model: 'zz' is not found"],
    ['POST', '/v2/models/zz/infer', "Request for unknown model: 'zz' is not found"],
    ['GET', '/v2/models/..%2Ftiny', "Request for unknown model: '../tiny' is not found"],
    ['GET', '/v2/models/__proto__', "Request for unknown model: '__proto__' is not found"],
    ['GET', '/v2/models/tiny/versions/9', "Request for unknown model: 'tiny' version 9 is not found"],
    ['POST', '/v2/models/tiny/versions/x/infer', "Request for unknown model: 'tiny' version x is not found"],
    ['GET', '/', 'Not Found'],
    ['POST', '/v2/models/tiny/explain', 'Not Found'],
    ['GET', '/v2/models', 'Not Found'],
  ])('answers %s %s with 404', async (method, url, message) => {
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(404);
    expect(errorOf(response)).toBe(message);
  });

  it.each<['GET' | 'POST' | 'DELETE' | 'PUT', string, string]>([
    ['GET', '/v2/models/tiny/infer', 'POST'],
    ['DELETE', '/v2/models/tiny/versions/1/infer', 'POST'],
    ['POST', '/v2/models/tiny', 'GET, HEAD'],
    ['PUT', '/v2/health/live', 'GET, HEAD'],
  ])('answers %s %s with 405 and the methods there are', async (method, url, allow) => {
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe(allow);
    expect(errorOf(response)).toBe('Method Not Allowed');
  });

  it.each(['/v2/models/%zz', `/v2/models/${'a'.repeat(257)}`])('answers an address it cannot read (%s) in the same form', async (url) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    expect(response.statusCode).toBeLessThan(500);
    expect(errorOf(response)).not.toBe('');
  });
});

describe('createService', () => {
  it('refuses bad names and numbers before it starts anything', async () => {
    await expect(createService({ models: { 'a/b': { path: 'x' } } })).rejects.toMatchObject({ code: 'INVALID_CONFIG', at: 'models' });
    await expect(createService({ models, threads: 0 })).rejects.toMatchObject({ code: 'INVALID_CONFIG', at: 'threads' });
  });

  it('says which model is missing or broken', async () => {
    const broken = fileURLToPath(import.meta.url);
    await expect(createService({ models: { ...models, gone: { path: 'gone.onnx' } } })).rejects.toMatchObject({
      code: 'MISSING_FILE',
      at: 'gone.onnx',
    });
    await expect(createService({ models: { broken: { path: broken } }, logLevel: 'silent' })).rejects.toMatchObject({
      code: 'BAD_FILE',
      at: broken,
    });
  });
});

describe('on a socket', () => {
  it('ends a request that does not arrive in time with 408', async () => {
    const own = httpApp({ service, gate: new KeyGate(), headersTimeoutMs: 100, requestTimeoutMs: 200 });
    await own.listen();
    const { port } = own.server.address() as AddressInfo;
    for (const start of [
      'POST /v2/models/a/infer HTTP/1.1\r\nHost: a\r\n',
      'POST /v2/models/a/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
    ]) {
      const socket = connect(port, 'localhost').setEncoding('utf8');
      socket.write(start);
      let text = '';
      for await (const chunk of socket) text += chunk;
      expect(text).toContain('HTTP/1.1 408');
      expect(text).toContain('{"error":"the request did not arrive in time"}');
    }
    await own.close();
  });

  it('closes while a client keeps an idle connection open', async () => {
    const own = httpApp({ service, gate: new KeyGate() });
    await own.listen();
    const { port } = own.server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true });
    const response = await new Promise<IncomingMessage>((resolve) => get({ port, host: 'localhost', path: '/v2', agent }, resolve));
    await new Promise((resolve) => response.resume().once('end', resolve));
    await own.close();
    agent.destroy();
  });
});
