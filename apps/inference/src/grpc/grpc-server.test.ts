/** The gRPC surface over a real connection. Behind it stands a service that answers with what it was asked, so that what crosses shows. */

import { connect } from 'node:http2';
import { SparseError } from '@freetickets/sparse-core';
import { Client, credentials, Metadata, type ServiceError as RpcError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext, Gate, InferenceService, InferRequest, Scope } from '../service.ts';
import { type Reason, ServiceError } from '../service-error.ts';
import { type GrpcServer, listenGrpc } from './grpc-server.ts';
import { messageType } from './schema.ts';

type Fields = Record<string, unknown>;

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const input = (fields: Fields = {}): Fields => ({ name: 'x', datatype: 'FP32', shape: [2], ...fields });

let asked: InferRequest[] = [];
let contexts: CallContext[] = [];
let scopes: Scope[] = [];
let loaded: unknown[] = [];
let isReady = true;
/** What `infer` does; the default gives the inputs back. */
let answer: (request: InferRequest, context: CallContext) => Promise<void>;

const metadata = {
  name: 'm',
  versions: ['1'],
  platform: 'p',
  inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 2] }],
  outputs: [],
};

const service: InferenceService = {
  ready: () => isReady,
  draining: false,
  serverMetadata: () => ({ name: 'freetickets', version: '1.2.3', extensions: ['statistics'] }),
  modelReady(model, version) {
    if (model !== 'm') throw new ServiceError('not-found', `unknown model '${model}'`);
    return version === undefined;
  },
  modelMetadata(model) {
    if (model !== 'm') throw new ServiceError('not-found', `unknown model '${model}'`);
    return metadata;
  },
  modelConfig: (name) => ({
    name,
    max_batch_size: 8,
    input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [2] }],
    dynamic_batching: { max_queue_delay_microseconds: 100 },
  }),
  drift: () => {
    throw new ServiceError('not-found', 'no calibration');
  },
  statistics: (model = 'all') => {
    const none = { count: 0, ns: 0 };
    const times = { compute_input: none, compute_infer: { count: 2, ns: 3_000_000_000 }, compute_output: none };
    return [
      {
        name: model,
        version: '1',
        last_inference: 1_700_000_000_000,
        inference_count: 5,
        execution_count: 2,
        inference_stats: { success: { count: 2, ns: 7 }, fail: none, queue: none, ...times, cache_hit: none, cache_miss: none },
        response_stats: {},
        batch_stats: [{ batch_size: 4, ...times }],
        memory_usage: [],
      },
    ];
  },
  async infer(request, context) {
    asked.push(request);
    contexts.push(context);
    await answer(request, context);
    return {
      model: request.model,
      version: '7',
      ...(request.id && { id: request.id }),
      parameters: request.parameters,
      outputs: request.inputs,
    };
  },
  repositoryIndex: ({ ready } = {}) => [{ name: 'm', version: '1', state: 'READY' }, ...(ready ? [] : [{ name: 'n' }])],
  async load(model, parameters) {
    loaded.push(['load', model, parameters]);
  },
  async unload(model, options) {
    loaded.push(['unload', model, options]);
  },
  traceSettings: (model) => ({ trace_level: ['OFF'], trace_rate: [model ?? '1000'] }),
  updateTraceSettings: (changes) => changes,
  logSettings: () => ({ log_file: '', log_info: true, log_verbose_level: 2 }),
  updateLogSettings: (changes) => changes,
};

const gate: Gate = {
  admit(caller, scope) {
    scopes.push(scope);
    if (caller.header('authorization') === 'Bearer wrong') throw new ServiceError('unauthenticated', 'unknown key');
    return { address: caller.address };
  },
};

let server: GrpcServer;
let client: Client;
let failures: unknown[] = [];

async function start(options = {}): Promise<void> {
  server = await listenGrpc({ service, gate, port: 0, onFailure: (error) => failures.push(error), ...options });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
}

beforeEach(async () => {
  [asked, contexts, scopes, loaded, failures, isReady] = [[], [], [], [], [], true];
  answer = async () => {};
  await start();
});
afterEach(async () => {
  client.close();
  await server.close(1000);
});

/** A promise to be kept by hand. */
function later(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const plain = (bytes: Buffer) => bytes;

/** One call of a unary rpc, with bytes as they stand or with a message. */
function call(
  rpc: string,
  request: Fields | Buffer,
  options: { metadata?: Metadata; deadline?: number; service?: string } = {},
): Promise<Fields> {
  const path = `/${options.service ?? 'inference.GRPCInferenceService'}/${rpc}`;
  const health = options.service !== undefined;
  const type = (kind: string) => messageType(health ? `grpc.health.v1.HealthCheck${kind}` : `inference.${rpc}${kind}`);
  const bytes = Buffer.isBuffer(request) ? request : encode(rpc === 'ModelInfer' ? wireType : type('Request'), request);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      plain,
      plain,
      bytes,
      options.metadata ?? new Metadata(),
      options.deadline === undefined ? {} : { deadline: options.deadline },
      (error, answered) => {
        if (error) reject(error);
        else resolve(type('Response').toObject(type('Response').decode(answered!), { longs: Number, enums: String, defaults: true }));
      },
    );
  });
}

/** ModelInferRequest as the world knows it: the server's own keeps typed contents as bytes. */
const wireType = messageType('inference.ModelInferRequest');
const encode = (type: typeof wireType, fields: Fields): Buffer => Buffer.from(type.encode(type.fromObject(fields)).finish());

/** The bytes of InferTensorContents. */
const contents = (fields: Fields): Uint8Array => encode(messageType('inference.InferTensorContents'), fields);

const infer = (fields: Fields = {}, options = {}) =>
  call('ModelInfer', { model_name: 'm', inputs: [input()], raw_input_contents: [floats(1, 2)], ...fields }, options);

const failsWith = async (code: status, work: Promise<unknown>, text?: RegExp): Promise<RpcError> => {
  const error = (await work.then(
    () => undefined,
    (thrown) => thrown,
  )) as RpcError | undefined;
  expect(error?.code === undefined ? 'no error' : status[error.code]).toBe(status[code]);
  if (text) expect(error!.details).toMatch(text);
  return error!;
};

describe('unary rpcs', () => {
  it.each<[string, Fields, Scope, Fields]>([
    ['ServerLive', {}, 'health', { live: true }],
    ['ServerReady', {}, 'health', { ready: true }],
    ['ModelReady', { name: 'm' }, 'health', { ready: true }],
    ['ModelReady', { name: 'm', version: '3' }, 'health', { ready: false }],
    ['ModelReady', { name: 'zz' }, 'health', { ready: false }],
    ['ServerMetadata', {}, 'metadata', { name: 'freetickets', version: '1.2.3', extensions: ['statistics'] }],
    ['ModelMetadata', { name: 'm' }, 'metadata', metadata],
    ['RepositoryIndex', { ready: true }, 'model-repository', { models: [{ name: 'm', version: '1', state: 'READY', reason: '' }] }],
    ['RepositoryModelUnload', { model_name: 'm' }, 'model-repository', {}],
    ['TraceSetting', {}, 'trace', { settings: { trace_level: { value: ['OFF'] }, trace_rate: { value: ['1000'] } } }],
    ['TraceSetting', { model_name: 'm' }, 'trace', { settings: { trace_level: { value: ['OFF'] }, trace_rate: { value: ['m'] } } }],
    [
      'TraceSetting',
      { settings: { trace_level: { value: ['TIMESTAMPS'] }, trace_rate: {} } },
      'trace',
      { settings: { trace_level: { value: ['TIMESTAMPS'] }, trace_rate: { value: [] } } },
    ],
    [
      'LogSettings',
      {},
      'logging',
      { settings: { log_file: { string_param: '' }, log_info: { bool_param: true }, log_verbose_level: { uint32_param: 2 } } },
    ],
    ['LogSettings', { settings: { log_info: { bool_param: false } } }, 'logging', { settings: { log_info: { bool_param: false } } }],
  ])('%s %j', async (rpc, request, scope, expected) => {
    expect(await call(rpc, request)).toEqual(expected);
    expect(scopes).toEqual([scope]);
  });

  it('ModelConfig is a whole ModelConfig', async () => {
    const { config } = (await call('ModelConfig', { name: 'm' })) as { config: Fields };
    expect(config).toMatchObject({ name: 'm', max_batch_size: 8, input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [2] }] });
    expect(config.dynamic_batching).toMatchObject({ max_queue_delay_microseconds: 100 });
  });

  it('ModelStatistics holds 64-bit counts', async () => {
    const { model_stats } = await call('ModelStatistics', {});
    expect(model_stats).toMatchObject([{ name: 'all', last_inference: 1_700_000_000_000, inference_count: 5, execution_count: 2 }]);
    expect(model_stats).toMatchObject([{ batch_stats: [{ batch_size: 4, compute_infer: { count: 2, ns: 3_000_000_000 } }] }]);
  });

  it('loads with a configuration and files, and unloads with dependents', async () => {
    const file = new Uint8Array(3 * 2 ** 20);
    await call('RepositoryModelLoad', {
      model_name: 'm',
      parameters: { config: { string_param: '{}' }, 'file:1/model.onnx': { bytes_param: file } },
    });
    await call('RepositoryModelUnload', { model_name: 'm', parameters: { unload_dependents: { bool_param: true } } });
    const [what, model, parameters] = loaded[0] as [string, string, Record<string, Uint8Array>];
    expect([what, model, parameters.config]).toEqual(['load', 'm', '{}']);
    expect(Buffer.compare(parameters['file:1/model.onnx']!, file)).toBe(0); // toEqual takes a minute for 3 MiB
    expect(loaded[1]).toEqual(['unload', 'm', { unloadDependents: true }]);
  });

  it.each(['System', 'Cuda'].flatMap((kind) => ['Status', 'Register', 'Unregister'].map((what) => `${kind}SharedMemory${what}`)))(
    '%s is refused',
    async (rpc) => void (await failsWith(status.UNIMPLEMENTED, call(rpc, { name: 'r' }), /shared memory/)),
  );

  it('knows no other repository', () => failsWith(status.UNIMPLEMENTED, call('RepositoryIndex', { repository_name: 'other' })));
  it('says what is not there', () => failsWith(status.NOT_FOUND, call('ModelMetadata', { name: 'zz' }), /zz/));
  it('refuses a small request that is large', () =>
    failsWith(status.INVALID_ARGUMENT, call('ModelMetadata', { name: 'm'.repeat(2 ** 20) }), /at most 1048576 bytes/));
  it('refuses bytes that are no message', () =>
    failsWith(status.INVALID_ARGUMENT, call('ModelMetadata', Buffer.from([0x0a, 0xff])), /ModelMetadataRequest/));
  it('lets nobody past the gate', async () => {
    const wrong = new Metadata();
    wrong.set('authorization', 'Bearer wrong');
    await failsWith(status.UNAUTHENTICATED, call('ServerMetadata', {}, { metadata: wrong }), /unknown key/);
    await failsWith(status.UNAUTHENTICATED, infer({}, { metadata: wrong }));
    expect(asked).toEqual([]);
  });
});

describe('the gate', () => {
  it('turns a call away before its message has come', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`);
    const headers = {
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const call = session.request({ ...headers, authorization: 'Bearer wrong' }); // and no message, which stays open
    const answered = new Promise<Record<string, unknown>>((resolve) => call.on('response', resolve));
    expect(await answered).toMatchObject({ 'grpc-status': String(status.UNAUTHENTICATED), 'grpc-message': 'unknown%20key' });
    session.destroy();
  });
});

describe('grpc.health.v1', () => {
  const check = (name: string) => call('Check', { service: name }, { service: 'grpc.health.v1.Health' });
  it.each(['', 'inference.GRPCInferenceService'])('serves %j', async (name) => expect(await check(name)).toEqual({ status: 'SERVING' }));
  it('does not serve before it is ready', async () => {
    isReady = false;
    expect(await check('')).toEqual({ status: 'NOT_SERVING' });
  });
  it('does not know others', () => failsWith(status.NOT_FOUND, check('other')));
});

describe('ModelInfer', () => {
  it('gives the service what was sent, and the client raw bytes', async () => {
    const answered = await infer({
      model_version: '3',
      id: 'first',
      parameters: {
        priority: { uint64_param: 1 },
        timeout: { int64_param: -5 },
        flag: { bool_param: false },
        text: { string_param: '' },
        share: { double_param: 0.5 },
      },
      outputs: [{ name: 'y' }, { name: 'z', parameters: { classification: { int64_param: 2 }, binary_data: { bool_param: true } } }],
    });
    const parameters = { priority: 1, timeout: -5, flag: false, text: '', share: 0.5 };
    expect(asked).toEqual([
      {
        model: 'm',
        version: '3',
        id: 'first',
        parameters,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], bytes: Buffer.from(floats(1, 2)) }],
        outputs: [{ name: 'y' }, { name: 'z', classification: 2 }],
      },
    ]);
    expect(answered).toMatchObject({ model_name: 'm', model_version: '7', id: 'first', raw_output_contents: [Buffer.from(floats(1, 2))] });
    expect(answered.outputs).toMatchObject([{ name: 'x', datatype: 'FP32', shape: [2] }]);
    expect(answered.parameters).toMatchObject({ timeout: { int64_param: -5 }, share: { double_param: 0.5 }, flag: { bool_param: false } });
  });

  it('leaves out what was not sent', async () => {
    await infer();
    expect(Object.keys(asked[0]!).sort()).toEqual(['inputs', 'model', 'outputs', 'parameters']);
  });

  it('carries 32 MiB both ways', async () => {
    const large = new Uint8Array(2 ** 25).fill(7);
    const { raw_output_contents } = await infer({ inputs: [input({ shape: [2 ** 23] })], raw_input_contents: [large] });
    expect(Buffer.compare((raw_output_contents as Uint8Array[])[0]!, large)).toBe(0);
  });

  it.each<[string, string, Fields, ArrayBufferView | number[]]>([
    ['BOOL', 'bool_contents', { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
    ['INT8', 'int_contents', { int_contents: [-128, 127] }, Int8Array.of(-128, 127)],
    ['INT16', 'int_contents', { int_contents: [-32768, 32767] }, Int16Array.of(-32768, 32767)],
    ['INT32', 'int_contents', { int_contents: [-(2 ** 31), 2 ** 31 - 1] }, Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    [
      'INT64',
      'int64_contents',
      { int64_contents: ['-9223372036854775808', '9007199254740993'] },
      BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n),
    ],
    ['UINT8', 'uint_contents', { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
    ['UINT16', 'uint_contents', { uint_contents: [0, 65535] }, Uint16Array.of(0, 65535)],
    ['UINT32', 'uint_contents', { uint_contents: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1)],
    ['UINT64', 'uint64_contents', { uint64_contents: ['0', '18446744073709551615'] }, BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['FP32', 'fp32_contents', { fp32_contents: [0.1, -2] }, Float32Array.of(0.1, -2)],
    ['FP64', 'fp64_contents', { fp64_contents: [0.1, -2] }, Float64Array.of(0.1, -2)],
    ['BYTES', 'bytes_contents', { bytes_contents: [Buffer.from('ab'), Buffer.alloc(0)] }, Uint8Array.of(2, 0, 0, 0, 97, 98, 0, 0, 0, 0)],
  ])('reads %s from %s', async (datatype, _field, fields, expected) => {
    const view = expected as Uint8Array;
    await infer({ inputs: [input({ datatype, contents: contents(fields) })], raw_input_contents: [] });
    expect(Buffer.from(asked[0]!.inputs[0]!.bytes)).toEqual(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  });

  it('reads contents that are not packed', async () => {
    const two = Buffer.concat([Buffer.from([0x35]), floats(1), Buffer.from([0x35]), floats(2)]); // field 6, wire type 5, twice
    await infer({ inputs: [input({ contents: two })], raw_input_contents: [] });
    expect(Buffer.from(asked[0]!.inputs[0]!.bytes)).toEqual(Buffer.from(floats(1, 2)));
  });

  const typed = (datatype: string, fields: Fields) => ({
    inputs: [input({ datatype, contents: contents(fields) })],
    raw_input_contents: [],
  });
  it.each<[string, Fields]>([
    ['fewer bytes than the shape says', { raw_input_contents: [floats(1)] }],
    ['more bytes than the shape says', { raw_input_contents: [floats(1, 2, 3)] }],
    ['fewer raw tensors than inputs', { inputs: [input(), input({ name: 'y' })] }],
    ['raw tensors and no inputs', { inputs: [] }],
    ['raw and typed contents', { inputs: [input({ contents: contents({ fp32_contents: [1, 2] }) })] }],
    ['an unknown datatype', { inputs: [input({ datatype: 'FP31' })] }],
    ['a datatype that every object has', { inputs: [input({ datatype: 'constructor' })] }],
    ['a negative dimension', { inputs: [input({ shape: [-1, 2] })] }],
    ['a dimension beyond 2^53', { inputs: [input({ shape: ['9223372036854775807'] })] }],
    ['a shape whose product overflows', { inputs: [input({ shape: [2 ** 31, 2 ** 31, 2 ** 31] })] }],
    ['nine dimensions', { inputs: [input({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] })] }],
    ['65 inputs', { inputs: Array(65).fill(input()), raw_input_contents: Array(65).fill(floats(1, 2)) }],
    ['65 outputs', { outputs: Array(65).fill({ name: 'y' }) }],
    ['an id of 257 characters', { id: 'x'.repeat(257) }],
    ['65 parameters', { parameters: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, { bool_param: true }])) }],
    ['a parameter without a value', { parameters: { priority: {} } }],
    ['a parameter beyond 2^53', { parameters: { priority: { uint64_param: '18446744073709551615' } } }],
    ['a classification that is no number', { outputs: [{ name: 'y', parameters: { classification: { string_param: 'x' } } }] }],
    ['a classification of no classes', { outputs: [{ name: 'y', parameters: { classification: { int64_param: 0 } } }] }],
    ['too few typed elements', typed('FP32', { fp32_contents: [1] })],
    ['too many typed elements', typed('FP32', { fp32_contents: [1, 2, 3] })],
    ['too many typed strings', typed('BYTES', { bytes_contents: [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')] })],
    ['contents of another datatype', typed('FP32', { fp64_contents: [1, 2] })],
    ['contents of two datatypes', typed('FP32', { fp32_contents: [1, 2], int_contents: [1] })],
    ['typed contents of half precision', typed('FP16', { fp32_contents: [1, 2] })],
    ['a number that INT8 does not hold', typed('INT8', { int_contents: [1, 128] })],
    ['a number that UINT16 does not hold', typed('UINT16', { uint_contents: [1, 65536] })],
    ['broken contents', { inputs: [input({ contents: Buffer.from([0x32, 0x7f, 1]) })], raw_input_contents: [] }],
    [
      'a BYTES element that runs over the end',
      { inputs: [input({ datatype: 'BYTES' })], raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])] },
    ],
    ['a name of 2 MiB', { inputs: [input({ name: 'x'.repeat(2 ** 21) })] }],
  ])('refuses %s', async (_case, fields) => {
    await failsWith(status.INVALID_ARGUMENT, infer(fields));
    expect(asked).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('refuses shared memory', () =>
    failsWith(
      status.UNIMPLEMENTED,
      infer({ inputs: [input({ parameters: { shared_memory_region: { string_param: 'r' } } })], raw_input_contents: [] }),
    ));

  it('takes parameter names of every object as names', async () => {
    const parameters = JSON.parse('{"__proto__": {"int64_param": 1}, "constructor": {"int64_param": 2}}');
    const message = wireType.encode(wireType.create({ model_name: 'm', parameters })).finish();
    await call('ModelInfer', Buffer.from(message));
    expect(Object.entries(asked[0]!.parameters)).toEqual(Object.entries(JSON.parse('{"__proto__": 1, "constructor": 2}')));
  });

  it.each<[Reason, status, status]>([
    ['invalid', status.INVALID_ARGUMENT, status.INVALID_ARGUMENT],
    ['not-found', status.NOT_FOUND, status.NOT_FOUND],
    ['queue-full', status.RESOURCE_EXHAUSTED, status.UNAVAILABLE],
    ['rate-limited', status.RESOURCE_EXHAUSTED, status.RESOURCE_EXHAUSTED],
    ['timeout', status.DEADLINE_EXCEEDED, status.UNAVAILABLE],
    ['unavailable', status.UNAVAILABLE, status.UNAVAILABLE],
    ['forbidden', status.PERMISSION_DENIED, status.PERMISSION_DENIED],
    ['failed', status.INTERNAL, status.INTERNAL],
  ])('answers %s', async (reason, ours, tritons) => {
    answer = async () => {
      throw new ServiceError(reason, 'because', { retryAfter: 3 });
    };
    const error = await failsWith(ours, infer(), /^because$/);
    expect(error.metadata.get('retry-after')).toEqual(['3']);
    await server.close(0);
    client.close();
    await start({ tritonStatus: true });
    await failsWith(tritons, infer());
  });

  it('keeps the details of a fault to itself', async () => {
    answer = async () => {
      throw new TypeError('secret');
    };
    await failsWith(status.INTERNAL, infer(), /^internal error$/);
    expect(failures).toEqual([new TypeError('secret')]);
  });

  it('says what a value should have been', async () => {
    answer = async () => {
      throw new SparseError('SHAPE_MISMATCH', 'x', '[3]', [2]);
    };
    await failsWith(status.INVALID_ARGUMENT, infer(), /^x: expected \[3\], received \[2\]$/);
  });

  it('refuses a message over the limit, also one that is small before it is decompressed', async () => {
    await server.close(0);
    client.close();
    await start({ maxMessageBytes: 100_000 });
    const large = { inputs: [input({ shape: [250_000] })], raw_input_contents: [new Uint8Array(1_000_000)] };
    await failsWith(status.RESOURCE_EXHAUSTED, infer(large));
    const compressing = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), { 'grpc.default_compression_algorithm': 2 });
    const plainClient = client;
    client = compressing;
    await failsWith(status.RESOURCE_EXHAUSTED, infer(large));
    await infer({ inputs: [input({ shape: [1000] })], raw_input_contents: [new Uint8Array(4000)] });
    expect(asked).toHaveLength(1);
    plainClient.close();
  });
});

describe('the caller', () => {
  it('sends its id and trace on', async () => {
    const sent = new Metadata();
    sent.set('x-request-id', 'abc-1');
    sent.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    sent.set('tracestate', 'a=b');
    await infer({}, { metadata: sent });
    expect(contexts[0]).toMatchObject({
      requestId: 'abc-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      caller: { address: '127.0.0.1' },
    });
  });

  it('gets an id in place of one that is not fit for logs', async () => {
    const sent = new Metadata();
    sent.set('x-request-id', 'x'.repeat(200));
    await infer({}, { metadata: sent });
    expect(contexts[0]!.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has a deadline on the server too', async () => {
    const before = performance.now();
    await infer({}, { deadline: Date.now() + 60_000 });
    expect(contexts[0]!.deadline! - before).toBeGreaterThan(50_000);
    expect(contexts[0]!.deadline! - before).toBeLessThan(61_000);
    await infer();
    expect(contexts[1]!.deadline).toBeUndefined();
  });

  /** Lets `infer` run until its signal is aborted. */
  const untilAborted = () => {
    const { promise: aborted, resolve: abort } = later();
    const { promise: started, resolve: start } = later();
    answer = (_request, { signal }) => {
      signal!.addEventListener('abort', abort);
      start();
      return aborted;
    };
    return { started, aborted };
  };

  it('takes its request back when the deadline is over', async () => {
    const { aborted } = untilAborted();
    await failsWith(status.DEADLINE_EXCEEDED, infer({}, { deadline: Date.now() + 100 }));
    await aborted;
  });

  it('takes its request back by cancelling it', async () => {
    const { started, aborted } = untilAborted();
    const bytes = encode(wireType, { model_name: 'm' });
    const running = client.makeUnaryRequest('/inference.GRPCInferenceService/ModelInfer', plain, plain, bytes, () => {});
    await started;
    running.cancel();
    await aborted;
  });

  it('takes its requests back by going away', async () => {
    const { started, aborted } = untilAborted();
    const other = connect(`http://127.0.0.1:${server.port}`);
    const headers = {
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    other
      .request(headers)
      .on('error', () => {})
      .end(Buffer.alloc(5)); // an empty message, not compressed
    await started;
    other.destroy();
    await aborted;
  });
});

describe('ModelStreamInfer', () => {
  const type = messageType('inference.ModelStreamInferResponse');
  type Answer = { error_message?: string; infer_response: { id: string; raw_output_contents: Buffer[] } };

  /** Sends messages on one stream; what came back until the server ended it. */
  function stream(messages: readonly Buffer[], metadata = new Metadata()): Promise<Answer[]> {
    const rpc = client.makeBidiStreamRequest('/inference.GRPCInferenceService/ModelStreamInfer', plain, plain, metadata);
    const answers: Answer[] = [];
    for (const message of messages) rpc.write(message);
    rpc.end();
    return new Promise((resolve, reject) => {
      rpc.on('data', (bytes: Buffer) => answers.push(type.toObject(type.decode(bytes)) as Answer));
      rpc.on('error', reject);
      rpc.on('end', () => resolve(answers));
    });
  }
  const message = (id: string, fields: Fields = {}) =>
    encode(wireType, { model_name: 'm', id, inputs: [input()], raw_input_contents: [floats(1, 2)], ...fields });

  it('answers in order, whatever finishes first', async () => {
    const { promise: last, resolve: finish } = later();
    answer = async ({ id }) => {
      if (id === '0') await last;
      if (id === '4') finish();
    };
    const answers = await stream(['0', '1', '2', '3', '4'].map((id) => message(id)));
    expect(answers.map(({ infer_response }) => infer_response.id)).toEqual(['0', '1', '2', '3', '4']);
    expect(answers[0]!.infer_response.raw_output_contents).toEqual([Buffer.from(floats(1, 2))]);
  });

  it('answers 500 requests that were sent at once', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => String(i));
    const answers = await stream(ids.map((id) => message(id)));
    expect(answers.map(({ infer_response }) => infer_response.id)).toEqual(ids);
  });

  it('goes on after a request that failed', async () => {
    answer = async ({ id }) => {
      if (id === 'b') throw new ServiceError('queue-full', 'too much waits');
    };
    const answers = await stream([message('a'), message('b'), message('c', { raw_input_contents: [] }), Buffer.from([0xff]), message('e')]);
    expect(answers.map(({ error_message = '' }) => error_message)).toEqual([
      '',
      'too much waits',
      expect.stringContaining('2 elements'),
      expect.stringContaining('ModelInferRequest'),
      '',
    ]);
    expect(answers[1]!.infer_response.id).toBe('b');
  });

  it('lets nobody past the gate', async () => {
    const wrong = new Metadata();
    wrong.set('authorization', 'Bearer wrong');
    await failsWith(status.UNAUTHENTICATED, stream([message('a')], wrong));
  });
});

describe('close', () => {
  it('lets a call in flight finish, takes no new one, and does not wait for idle clients', async () => {
    const { promise: finished, resolve: finish } = later();
    const { promise: started, resolve: start } = later();
    answer = () => {
      start();
      return finished;
    };
    const running = infer();
    await started;
    const closed = server.close(30_000);
    finish();
    expect(await running).toMatchObject({ model_name: 'm' });
    await closed;
    await failsWith(status.UNAVAILABLE, call('ServerLive', {}));
  });

  it('ends what does not finish in time', async () => {
    const { promise: started, resolve: start } = later();
    answer = () => {
      start();
      return new Promise(() => {});
    };
    const running = failsWith(status.CANCELLED, infer());
    await started;
    await server.close(50);
    await running;
  });

  it('names an address that it cannot listen on', async () => {
    await expect(listenGrpc({ service, gate, port: server.port })).rejects.toThrow(/expected a free port/);
  });
});
