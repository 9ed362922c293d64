/**
 * Requests that are wrong, by the hundred: each is answered with a 4xx and one sentence, within bounds, and the server is as well
 * afterwards as it was before. Bodies go in by injection, what breaks HTTP itself over a socket.
 */
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createService, type RunningService } from '../create-service.ts';
import { KeyGate } from '../security/key-gate.ts';
import { httpApp } from '../serve.ts';

const golden = (file: string) => ({ path: fileURLToPath(new URL(`../../../../test/golden/onnx/${file}`, import.meta.url)) });
const maxBodyBytes = 2 ** 20;
let service: RunningService;
let app: FastifyInstance;

beforeAll(async () => {
  const models = { tiny: golden('tiny-ensemble.onnx'), types: golden('tiny-types.onnx'), rows: golden('tiny-rows.onnx') };
  service = await createService({ models, control: 'explicit', loadAtStart: ['*'], threads: 1, logLevel: 'silent' });
  app = httpApp({ service, gate: new KeyGate(), maxBodyBytes, headersTimeoutMs: 400, requestTimeoutMs: 400 });
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await app.close();
  await service.close();
});

type Payload = string | Buffer;
type Case = readonly [what: string, payload: Payload, headers?: Readonly<Record<string, string>>, url?: string];

const x = { name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] };
const good = JSON.stringify({ id: 'a', inputs: [x], outputs: [{ name: 'probabilities' }] });
const json = (body: unknown): string => JSON.stringify(body);
const ofInput = (fields: object): string => json({ inputs: [{ ...x, ...fields }] });
const without = (field: keyof typeof x): string =>
  json({ inputs: [Object.fromEntries(Object.entries(x).filter(([key]) => key !== field))] });
const named = (what: string, values: readonly unknown[], body: (value: unknown) => string): Case[] =>
  values.map((value) => [`${what} ${String(json(value)).slice(0, 60)}`, body(value)]);
const bytes = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer);

const notJson: readonly Case[] = [
  ['nothing', ''],
  ...[' ', 'null', 'true', '17', '"text"', '[]', '[{}]', '{', '}', '{}', '{"inputs"', '{"inputs":[}', 'NaN', '{"inputs":[NaN]}'].map(
    (text): Case => [text, text],
  ),
  ...['{inputs:[]}', "{'inputs':[]}", '{"inputs":[],}', '// a\n{"inputs":[]}', '{"inputs":[]} {"inputs":[]}', '\0', '{"inputs":[]}\0'].map(
    (text): Case => [text, text],
  ),
  ...Array.from({ length: 24 }, (_, i): Case => [`the first ${5 * i + 1} characters of a good body`, good.slice(0, 5 * i + 1)]),
  ['a byte order mark', `\ufeff${good}`],
  ['UTF-16', Buffer.from(good, 'utf16le')],
  ['bytes that are no UTF-8', Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')])],
  ['an overlong encoding', Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xc0, 0xaf), Buffer.from('"}')])],
  ['a control character in a string', '{"id":"\u0001","inputs":[]}'],
  ['101 arrays', '['.repeat(101) + ']'.repeat(101)],
  ['100 000 open arrays', '['.repeat(100_000)],
  ['100 000 open objects', '{"a":'.repeat(100_000)],
  ['nesting behind a string with brackets', `{"id":"]]]]","inputs":${'['.repeat(200)}`],
  ['a number without end', `{"inputs":[${'9'.repeat(500_000)}]}`],
  ['500 000 keys', `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":0`).join(',')}}`],
];

const wrongFields: readonly Case[] = [
  ...named('id', [1, true, null, {}, [], 'x'.repeat(257)], (id) => json({ id, inputs: [x] })),
  ...named('inputs', [null, {}, 'x', 1, true, [], [null], [1], ['a'], [[]], [{}], Array(65).fill(x), [x, x]], (inputs) => json({ inputs })),
  ...named('name', [null, 1, '', 'y', 'X', ['x'], {}, '__proto__', 'constructor', 'toString', '\ud800', 'x'.repeat(10_000)], (name) =>
    ofInput({ name }),
  ),
  ...named(
    'datatype',
    [null, 1, '', 'float', 'fp32', 'FP32 ', 'FP16', 'BF16', 'FP64', 'INT32', 'BYTES', 'TYPE_FP32', '__proto__', 'toString', {}],
    (datatype) => ofInput({ datatype }),
  ),
  ...named(
    'shape',
    [null, 4, '4', {}, [], [4], [1, 3], [4, 1], [1, 4, 1], [2, 4], [-1, 4], [1.5, 4], ['1', 4], [null, 4], [[1, 4]]],
    (shape) => ofInput({ shape }),
  ),
  ...named('shape', [[2 ** 53, 4], [2 ** 40, 4], [2 ** 31, 2 ** 31], Array(9).fill(1), [0, 2 ** 52], [4, -4]], (shape) =>
    ofInput({ shape }),
  ),
  ['a shape of 1e400', '{"inputs":[{"name":"x","datatype":"FP32","shape":[1e400,4],"data":[1,2,3,4]}]}'],
  ...named(
    'data',
    [
      null,
      1,
      'abcd',
      {},
      [],
      [1],
      [1, 2, 3],
      [1, 2, 3, 4, 5],
      [
        [1, 2],
        [3, 4],
      ],
      [[1, 2, 3]],
      [[[1, 2, 3, 4]]],
      [[1, 2, 3, 4], []],
    ],
    (data) => ofInput({ data }),
  ),
  ...named(
    'data',
    [[1, 2, 3, '4'], [1, 2, 3, null], [1, 2, 3, true], [1, 2, 3, {}], [1, 2, 3, []], [1, [2], 3, 4], [1, 2, 3, 1e39], Array(1000).fill(0)],
    (data) => ofInput({ data }),
  ),
  ['data of 1e400', '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,1e400]}]}'],
  ...(['name', 'datatype', 'shape', 'data'] as const).map((field): Case => [`no ${field}`, without(field)]),
  ...named('parameters of an input', [null, 1, 'a', [], { a: null }, { a: {} }, { a: [1] }], (parameters) => ofInput({ parameters })),
  ...named(
    'parameters',
    [null, 1, 'a', [], { a: null }, { a: {} }, { binary_data_output: 1 }, { binary_data_output: 'true' }],
    (parameters) => json({ parameters, inputs: [x] }),
  ),
  ...named('parameters', [{ sequence_id: 1 }, { sequence_start: true }, { sequence_end: true }], (parameters) =>
    json({ parameters, inputs: [x] }),
  ),
  ['65 parameters', json({ parameters: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i])), inputs: [x] })],
  ...['__proto__', 'constructor', 'prototype'].flatMap((trap): Case[] => [
    [`${trap} in the request`, `{"${trap}":{"polluted":1},"inputs":[${json(x)}]}`],
    [`${trap} in an input`, `{"inputs":[{"${trap}":{"polluted":1},${json(x).slice(1)}]}`],
    [`${trap} in parameters`, `{"parameters":{"${trap}":{"polluted":1}},"inputs":[${json(x)}]}`],
    [`${trap} in an output`, `{"inputs":[${json(x)}],"outputs":[{"name":"probabilities","${trap}":1}]}`],
  ]),
  ...named(
    'outputs',
    [
      null,
      {},
      'probabilities',
      1,
      [null],
      ['probabilities'],
      [{}],
      [{ name: 1 }],
      [{ name: 'zz' }],
      Array(65).fill({ name: 'probabilities' }),
    ],
    (outputs) => json({ inputs: [x], outputs }),
  ),
  ...named('an output twice', [[{ name: 'probabilities' }, { name: 'probabilities' }]], (outputs) => json({ inputs: [x], outputs })),
  ...named('classification', [-1, 1.5, '2', true, null, {}, 1e99], (classification) =>
    json({ inputs: [x], outputs: [{ name: 'probabilities', parameters: { classification } }] }),
  ),
  ...named('binary_data', [1, 'true', null, []], (binary_data) =>
    json({ inputs: [x], outputs: [{ name: 'probabilities', parameters: { binary_data } }] }),
  ),
];

const length = 'inference-header-content-length';
const head = (size: unknown, more: object = {}) =>
  json({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], parameters: { binary_data_size: size }, ...more }] });
const tail = bytes(1, 2, 3, 4);
const withTail = (header: string, rest: Buffer = tail) => Buffer.concat([Buffer.from(header), rest]);
const sized = (what: string, header: string, rest?: Buffer): Case => [
  what,
  withTail(header, rest),
  { [length]: String(Buffer.byteLength(header)) },
];
const words = (data: Buffer, shape: readonly number[]): Case => {
  const one = (name: string, datatype: string, value: unknown) => ({ name, datatype, shape, data: Array(shape[0]).fill(value) });
  const inputs = [one('floats', 'FP32', 1), one('integers', 'INT64', 1), one('flags', 'BOOL', true)];
  const header = json({ inputs: [...inputs, { name: 'words', datatype: 'BYTES', shape, parameters: { binary_data_size: data.length } }] });
  return [`BYTES ${data.toString('hex')}`, withTail(header, data), { [length]: String(header.length) }, '/v2/models/types/infer'];
};

const wrongBytes: readonly Case[] = [
  ...['abc', '-1', '1.5', '+5', '0x10', 'NaN', '1e2', '999999', '99999999999999999999', '5, 5', '٣', ''].map(
    (text): Case => [`${length}: ${text}`, withTail(head(16)), { [length]: Buffer.from(text).toString('latin1') }],
  ),
  ...[1, 10, head(16).length - 1, head(16).length + 1].map((n): Case => [`${length}: ${n}`, withTail(head(16)), { [length]: String(n) }]),
  ...[0, 4, 15, 17, 32, -1, 1.5, '16', null, 2 ** 53, 1e300].map((size) => sized(`binary_data_size ${size}`, head(size))),
  sized('data and binary data', head(16, { data: [1, 2, 3, 4] })),
  sized('bytes that nobody asked for', good),
  sized('one byte too many', head(16), Buffer.concat([tail, Buffer.of(0)])),
  sized('one byte too few', head(16), tail.subarray(1)),
  sized('no bytes at all', head(16), Buffer.alloc(0)),
  sized('a wrong datatype in binary', head(16, { datatype: 'INT32' })),
  sized('half precision for a float', head(8, { datatype: 'FP16' }), Buffer.alloc(8)),
  ['binary data without the header', head(16)],
  ['a raw request that is no whole row', tail.subarray(1), { [length]: '0' }],
  ['a raw request that is two rows and a bit', Buffer.alloc(33), { [length]: '0' }],
  ['a raw request to a model of two inputs', tail, { [length]: '0' }, '/v2/models/rows/infer'],
  words(Buffer.of(1, 0, 0), [1]),
  words(Buffer.of(5, 0, 0, 0, 97), [1]),
  words(Buffer.of(255, 255, 255, 255, 97), [1]),
  words(Buffer.of(0, 0, 0, 0), [2]),
  words(Buffer.of(0, 0, 0, 0, 0, 0, 0, 0), [1]),
  words(Buffer.of(1, 0, 0, 0, 97, 1), [1]),
];

const zip = (body: Payload, how: (data: Buffer) => Buffer = gzipSync): Buffer => how(Buffer.from(body));
const wrongCodings: readonly Case[] = [
  ['gzip that is none', good, { 'content-encoding': 'gzip' }],
  ['deflate that is none', good, { 'content-encoding': 'deflate' }],
  ['deflate without its zlib head', zip(good, deflateRawSync), { 'content-encoding': 'deflate' }],
  ['gzip called deflate', zip(good), { 'content-encoding': 'deflate' }],
  ['deflate called gzip', zip(good, deflateSync), { 'content-encoding': 'gzip' }],
  ['half of a gzip', zip(good).subarray(0, 40), { 'content-encoding': 'gzip' }],
  ['gzip with a broken checksum', Buffer.concat([zip(good).subarray(0, -8), Buffer.alloc(8)]), { 'content-encoding': 'gzip' }],
  ['gzip of nothing', zip(''), { 'content-encoding': 'gzip' }],
  ['gzip of gzip', zip(zip(good)), { 'content-encoding': 'gzip' }],
  ['a bomb of spaces', zip(Buffer.alloc(50 * 2 ** 20, 0x20)), { 'content-encoding': 'gzip' }],
  ['a bomb of brackets', zip(Buffer.alloc(50 * 2 ** 20, 0x5b), deflateSync), { 'content-encoding': 'deflate' }],
  ['one byte more than may be', Buffer.alloc(maxBodyBytes + 1, 0x20)],
  ...['br', 'zstd', 'compress', 'gzip, gzip', 'gzip;q=1', '\u00e9', 'x'.repeat(5000)].map(
    (coding): Case => [`content-encoding: ${coding.slice(0, 20)}`, good, { 'content-encoding': coding }],
  ),
];

const dots = [
  '..',
  '%2e%2e',
  '..%2f..',
  '%2e%2e%2fetc',
  '..%252f',
  '..%5c..',
  '%00',
  'tiny%00',
  '%c0%ae',
  '\u2025',
  '.',
  '%20',
  'tiny%20',
  'con',
  'a'.repeat(300),
  '__proto__',
  'constructor',
  '%zz',
  '*',
  '$(id)',
];
const wrongAddresses: readonly (readonly ['GET' | 'POST', string])[] = [
  ...dots.flatMap((name) => [
    ['GET', `/v2/models/${name}/config`] as const,
    ['POST', `/v2/models/${name}/infer`] as const,
    ['POST', `/v2/repository/models/${name}/load`] as const,
  ]),
  ...['0', '2', '01', '-1', '1.0', 'x', '%31%30', '9'.repeat(40), '__proto__'].map(
    (version) => ['POST', `/v2/models/tiny/versions/${version}/infer`] as const,
  ),
];

const wrongOthers: readonly Case[] = [
  ...['[]', '1', '{"ready":1}', '{"ready":"true"}', '{', '{"__proto__":1}'].map(
    (body): Case => [`index ${body}`, body, {}, '/v2/repository/index'],
  ),
  ...[
    '[]',
    '{',
    '{"parameters":[]}',
    '{"parameters":1}',
    '{"parameters":{"config":1}}',
    '{"parameters":{"config":"{"}}',
    '{"parameters":{"config":"[]"}}',
    '{"parameters":{"config":"{\\"max_batch_size\\":8}"}}',
    '{"parameters":{"file:1/model.onnx":"AAAA"}}',
    '{"parameters":{"file:../../x":"AAAA"}}',
    '{"parameters":{"other":"x"}}',
    '{"parameters":{"__proto__":"x"}}',
  ].map((body): Case => [`load ${body}`, body, {}, '/v2/repository/models/tiny/load']),
  ...['[]', '{"parameters":{"unload_dependents":1}}', '{"parameters":[]}'].map(
    (body): Case => [`unload ${body}`, body, {}, '/v2/repository/models/tiny/unload'],
  ),
  ...[
    '',
    '[]',
    '{"trace_level":1}',
    '{"trace_level":["X"]}',
    '{"trace_rate":"x"}',
    '{"trace_rate":"0"}',
    '{"trace_file":"/tmp/x"}',
    '{"other":"1"}',
    '{"trace_rate":{}}',
    '{"__proto__":"1"}',
  ].map((body): Case => [`trace ${body}`, body, {}, '/v2/trace/setting']),
  ...[
    '',
    '[]',
    '{"log_info":"yes"}',
    '{"log_verbose_level":-1}',
    '{"log_verbose_level":1.5}',
    '{"log_file":"/tmp/x"}',
    '{"other":true}',
    '{"log_info":null}',
  ].map((body): Case => [`log ${body}`, body, {}, '/v2/logging']),
];

const all = [...notJson, ...wrongFields, ...wrongBytes, ...wrongCodings, ...wrongOthers];

async function isRefused(options: InjectOptions): Promise<void> {
  const response = await app.inject(options);
  const answer = `${response.statusCode} ${response.body.slice(0, 200)}`;
  expect(answer).toMatch(/^4\d\d /);
  expect(Object.keys(response.json()), answer).toEqual(['error']);
  expect(response.json().error.length).toBeGreaterThan(3);
  expect(response.body.length).toBeLessThan(12_000);
}

describe('a malformed request', () => {
  it('is one of at least 300', () => {
    expect(all.length + wrongAddresses.length).toBeGreaterThan(300);
  });

  it.each(all.map(([what, payload, headers = {}, url = '/v2/models/tiny/infer']) => ({ what, payload, headers, url })))(
    '$what',
    async (one) => {
      const { payload, headers, url } = one;
      await isRefused({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
    },
  );

  it.each(wrongAddresses)('%s %s', async (method, url) => {
    await isRefused({ method, url, ...(method === 'POST' && { payload: good }) });
  });
});

/** Writes text to a socket and reads until the server closes it. */
async function sendText(text: string): Promise<string> {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
  socket.write(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

const post = (headers: string, body = '') => `POST /v2/models/tiny/infer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n${body}`;

describe('what is no HTTP request', () => {
  it.each([
    ['text', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no host', 'GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two lengths', post('Content-Length: 4\r\nContent-Length: 5\r\n', '{}{}')],
    ['a length that is no number', post('Content-Length: abc\r\n', '{}')],
    ['a negative length', post('Content-Length: -1\r\n', '{}')],
    ['a length and chunks', post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['chunks by another name', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
    ['a chunk whose size is no number', post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n')],
    ['a NUL in a header', post('X: a\0b\r\n', '')],
    ['a header without a name', post(': a\r\n', '')],
    ['a header folded', post('X: a\r\n b\r\n\t: c\r\n', '')],
    ['headers of 20 000 bytes', post(`X: ${'a'.repeat(20_000)}\r\n`, '')],
    ['2000 headers', post(Array.from({ length: 2000 }, (_, i) => `X${i}: aaaaaaaaaaaa\r\n`).join(''), '')],
    ['an address of 20 000 bytes', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['half a head and then nothing', 'POST /v2/models/tiny/infer HTTP/1.1\r\nHost: a\r\n'],
    ['a body that does not come', post('Content-Length: 100\r\n', '{"inputs"')],
    ['a chunk that does not come', post('Transfer-Encoding: chunked\r\n', '5\r\n{"i')],
  ])('%s: is answered 4xx', async (_what, text) => {
    const answer = await sendText(text);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    if (body.startsWith('{'))
      expect(Object.keys(JSON.parse(body))).toEqual(['error']); // Node answers some by itself, without a body
    else expect(body).toMatch(/^(0\r\n\r\n)?$/);
  });
});

describe('afterwards', () => {
  it('the server answers as before, its prototypes are clean, and it kept nothing', async () => {
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    const response = await app.inject({ method: 'POST', url: '/v2/models/tiny/infer', payload: good });
    expect(response.statusCode).toBe(200);
    expect((await app.inject('/v2/health/ready')).json()).toEqual({ ready: true });
    expect(service.repository.models.flatMap((model) => model.loaded.map(({ pending }) => pending))).toEqual([0, 0, 0]);
  });
});
