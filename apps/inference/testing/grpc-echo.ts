/** A gRPC server whose service answers with what it was asked, so that what crosses shows, and calls of it over a real connection. */
import { Client, credentials, Metadata, type ServiceError as RpcError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect } from 'vitest';
import { type GrpcServer, listenGrpc } from '../src/grpc/grpc-server.ts';
import { messageType } from '../src/grpc/schema.ts';
import type { CallContext, Gate, InferenceService, InferRequest, Scope } from '../src/service.ts';
import { ServiceError } from '../src/service-error.ts';

export type Fields = Record<string, unknown>;

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
export const input = (fields: Fields = {}): Fields => ({ name: 'x', datatype: 'FP32', shape: [2], ...fields });

/** What the server of the present test was asked, and what it is to do. */
export const echo = {
  asked: [] as InferRequest[],
  contexts: [] as CallContext[],
  scopes: [] as Scope[],
  loaded: [] as unknown[],
  failures: [] as unknown[],
  isReady: true,
  /** What `infer` does before it gives the inputs back. */
  answer: async (_request: InferRequest, _context: CallContext): Promise<void> => {},
  server: undefined as unknown as GrpcServer,
  client: undefined as unknown as Client,
};

export const metadata = {
  name: 'm',
  versions: ['1'],
  platform: 'p',
  inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 2] }],
  outputs: [],
};

export const service: InferenceService = {
  ready: () => echo.isReady,
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
    echo.asked.push(request);
    echo.contexts.push(context);
    await echo.answer(request, context);
    return {
      model: request.model,
      version: '7',
      ...(request.id && { id: request.id }),
      parameters: request.parameters,
      outputs: request.inputs,
    };
  },
  checkRoom: () => {},
  repositoryIndex: ({ ready } = {}) => [{ name: 'm', version: '1', state: 'READY' }, ...(ready ? [] : [{ name: 'n' }])],
  async load(model, parameters) {
    echo.loaded.push(['load', model, parameters]);
  },
  async unload(model, options) {
    echo.loaded.push(['unload', model, options]);
  },
  traceSettings: (model) => ({ trace_level: ['OFF'], trace_rate: [model ?? '1000'] }),
  updateTraceSettings: (changes) => changes,
  logSettings: () => ({ log_file: '', log_info: true, log_verbose_level: 2 }),
  updateLogSettings: (changes) => changes,
};

export const gate: Gate = {
  admit(caller, scope) {
    echo.scopes.push(scope);
    if (caller.header('authorization') === 'Bearer wrong') throw new ServiceError('unauthenticated', 'unknown key');
    return { address: caller.address };
  },
};

/** Starts the server of a test, and a client of it. */
export async function start(options = {}): Promise<void> {
  echo.server = await listenGrpc({ service, gate, port: 0, onFailure: (error) => echo.failures.push(error), ...options });
  echo.client = new Client(`127.0.0.1:${echo.server.port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
}

/** A new server for each test of a file. */
export function startBeforeEach(): void {
  beforeEach(async () => {
    Object.assign(echo, { asked: [], contexts: [], scopes: [], loaded: [], failures: [], isReady: true, answer: async () => {} });
    await start();
  });
  afterEach(async () => {
    echo.client.close();
    await echo.server.close(1000);
  });
}

/** A promise to be kept by hand. */
export function later(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export const plain = (bytes: Buffer) => bytes;

/** One call of a unary rpc, with bytes as they stand or with a message. */
export function call(
  rpc: string,
  request: Fields | Buffer,
  options: { metadata?: Metadata; deadline?: number; service?: string } = {},
): Promise<Fields> {
  const path = `/${options.service ?? 'inference.GRPCInferenceService'}/${rpc}`;
  const health = options.service !== undefined;
  const type = (kind: string) => messageType(health ? `grpc.health.v1.HealthCheck${kind}` : `inference.${rpc}${kind}`);
  const bytes = Buffer.isBuffer(request) ? request : encode(rpc === 'ModelInfer' ? wireType : type('Request'), request);
  return new Promise((resolve, reject) => {
    echo.client.makeUnaryRequest(
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
export const wireType = messageType('inference.ModelInferRequest');
export const encode = (type: typeof wireType, fields: Fields): Buffer => Buffer.from(type.encode(type.fromObject(fields)).finish());

/** The bytes of InferTensorContents. */
export const contents = (fields: Fields): Uint8Array => encode(messageType('inference.InferTensorContents'), fields);

export const infer = (fields: Fields = {}, options = {}) =>
  call('ModelInfer', { model_name: 'm', inputs: [input()], raw_input_contents: [floats(1, 2)], ...fields }, options);

export const failsWith = async (code: status, work: Promise<unknown>, text?: RegExp): Promise<RpcError> => {
  const error = (await work.then(
    () => undefined,
    (thrown) => thrown,
  )) as RpcError | undefined;
  expect(error?.code === undefined ? 'no error' : status[error.code]).toBe(status[code]);
  if (text) expect(error!.details).toMatch(text);
  return error!;
};
