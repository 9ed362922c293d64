/** The gRPC surface over a real connection: its rpcs, its callers, its end. */
import { connect } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  call,
  echo,
  encode,
  type Fields,
  failsWith,
  gate,
  infer,
  later,
  metadata,
  plain,
  service,
  start,
  startBeforeEach,
  wireType,
} from '../../testing/grpc-echo.ts';
import type { Scope } from '../service.ts';
import { listenGrpc } from './grpc-server.ts';
import { messageType } from './schema.ts';

startBeforeEach();

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
    expect(echo.scopes).toEqual([scope]);
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
    const [what, model, parameters] = echo.loaded[0] as [string, string, Record<string, Uint8Array>];
    expect([what, model, parameters.config]).toEqual(['load', 'm', '{}']);
    expect(Buffer.compare(parameters['file:1/model.onnx']!, file)).toBe(0); // toEqual takes a minute for 3 MiB
    expect(echo.loaded[1]).toEqual(['unload', 'm', { unloadDependents: true }]);
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
    expect(echo.asked).toEqual([]);
  });
});

describe('the gate', () => {
  it('turns a call away before its message has come', async () => {
    const session = connect(`http://127.0.0.1:${echo.server.port}`);
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

describe('a message that does not arrive', () => {
  const headers = (rpc: string) => ({
    ':method': 'POST',
    ':path': `/inference.GRPCInferenceService/${rpc}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  /** Sends bytes and no more; what the server ends the call with, and how the stream was closed. */
  const sendHalf = async (rpc: string, bytes: Buffer) => {
    const session = connect(`http://127.0.0.1:${echo.server.port}`);
    const call = session.request(headers(rpc));
    const closed = new Promise<number>((resolve) => call.on('close', () => resolve(call.rstCode ?? -1)));
    const ended = new Promise<Record<string, unknown>>((resolve) => {
      call.on('response', (found) => found['grpc-status'] !== undefined && resolve(found));
      call.on('trailers', resolve);
    });
    call.resume();
    call.write(bytes);
    return { ended, closed, session };
  };
  /** The head of a message of 1000 bytes, and some of them. */
  const half = Buffer.concat([Buffer.from([0, 0, 0, 3, 232]), Buffer.alloc(10)]);

  it.each([
    ['half of a request', 'ModelInfer', half],
    ['a request without an end of the call', 'ModelInfer', Buffer.alloc(5)],
    ['half of a message of a stream', 'ModelStreamInfer', half],
  ])('ends the call: %s', async (_what, rpc, bytes) => {
    echo.client.close();
    await echo.server.close(0);
    await start({ requestTimeoutMs: 50 });
    const { ended, closed, session } = await sendHalf(rpc, bytes);
    expect(await ended).toMatchObject({ 'grpc-status': String(status.DEADLINE_EXCEEDED) });
    expect(await closed).toBe(0); // no error, but closed: nothing of it is kept
    session.destroy();
  });

  it('is not one that is computed for longer, nor a stream that says nothing', async () => {
    echo.client.close();
    await echo.server.close(0);
    await start({ requestTimeoutMs: 500 });
    const { promise: over, resolve: end } = later();
    const quiet = connect(`http://127.0.0.1:${echo.server.port}`);
    const stream = quiet.request(headers('ModelStreamInfer'));
    let closed = false;
    stream.on('close', () => {
      closed = true;
    });
    echo.answer = () => over;
    const running = infer();
    const { ended, session } = await sendHalf('ModelInfer', half); // by whose end the limit is over for the others as well
    await ended;
    end();
    expect(await running).toMatchObject({ model_name: 'm' });
    expect(closed).toBe(false);
    for (const one of [session, quiet]) one.destroy();
  });
});

describe('grpc.health.v1', () => {
  const check = (name: string) => call('Check', { service: name }, { service: 'grpc.health.v1.Health' });
  it.each(['', 'inference.GRPCInferenceService'])('serves %j', async (name) => expect(await check(name)).toEqual({ status: 'SERVING' }));
  it('does not serve before it is ready', async () => {
    echo.isReady = false;
    expect(await check('')).toEqual({ status: 'NOT_SERVING' });
  });
  it('does not know others', () => failsWith(status.NOT_FOUND, check('other')));

  /** What a watcher is told, one after the other; `undefined` when the server ends the stream. */
  const watch = (name: string) => {
    const type = (kind: string) => messageType(`grpc.health.v1.HealthCheck${kind}`);
    const stream = echo.client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      plain,
      (bytes) =>
        (type('Response').toObject(type('Response').decode(bytes), { enums: String, defaults: true }) as { status: string }).status,
      encode(type('Request'), { service: name }),
    );
    stream.on('error', () => {});
    const told = stream[Symbol.asyncIterator]();
    return { stream, next: async () => (await told.next()).value as string | undefined };
  };

  it('tells a watcher the state at once, and each change of it', async () => {
    const { stream, next } = watch('inference.GRPCInferenceService');
    for (const ready of [true, false, true]) {
      echo.isReady = ready;
      expect(await next()).toBe(ready ? 'SERVING' : 'NOT_SERVING');
    }
    stream.cancel();
  });

  it('tells each watcher, and goes on after one has left', async () => {
    const [one, other] = [watch(''), watch('grpc.health.v1.Health')];
    expect([await one.next(), await other.next()]).toEqual(['SERVING', 'SERVING']);
    one.stream.cancel();
    echo.isReady = false;
    expect(await other.next()).toBe('NOT_SERVING');
    other.stream.cancel();
  });

  it('tells a watcher that it does not know a service, and lets it wait', async () => {
    const unknown = watch('other');
    expect(await unknown.next()).toBe('SERVICE_UNKNOWN');
    echo.isReady = false;
    const known = watch('');
    expect(await known.next()).toBe('NOT_SERVING');
    await echo.server.close(60_000);
    expect(await unknown.next()).toBeUndefined();
  });

  it('says the last word to watchers and does not wait for them when the server ends', async () => {
    const { next } = watch('');
    expect(await next()).toBe('SERVING');
    const closed = echo.server.close(60_000);
    expect(await next()).toBe('NOT_SERVING');
    expect(await next()).toBeUndefined();
    await closed;
  });
});

describe('the caller', () => {
  it('sends its id and trace on', async () => {
    const sent = new Metadata();
    sent.set('x-request-id', 'abc-1');
    sent.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    sent.set('tracestate', 'a=b');
    await infer({}, { metadata: sent });
    expect(echo.contexts[0]).toMatchObject({
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
    expect(echo.contexts[0]!.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has a deadline on the server too', async () => {
    const before = performance.now();
    await infer({}, { deadline: Date.now() + 60_000 });
    expect(echo.contexts[0]!.deadline! - before).toBeGreaterThan(50_000);
    expect(echo.contexts[0]!.deadline! - before).toBeLessThan(61_000);
    await infer();
    expect(echo.contexts[1]!.deadline).toBeUndefined();
  });

  /** Lets `infer` run until its signal is aborted. */
  const untilAborted = () => {
    const { promise: aborted, resolve: abort } = later();
    const { promise: started, resolve: start } = later();
    echo.answer = (_request, { signal }) => {
      signal!.addEventListener('abort', abort);
      start();
      return aborted;
    };
    return { started, aborted };
  };

  it('takes its request back when the deadline is over', async () => {
    const { started, aborted } = untilAborted();
    const refused = failsWith(status.DEADLINE_EXCEEDED, infer({}, { deadline: Date.now() + 2000 }));
    await started;
    await refused;
    await aborted;
  });

  it('takes its request back by cancelling it', async () => {
    const { started, aborted } = untilAborted();
    const bytes = encode(wireType, { model_name: 'm' });
    const running = echo.client.makeUnaryRequest('/inference.GRPCInferenceService/ModelInfer', plain, plain, bytes, () => {});
    await started;
    running.cancel();
    await aborted;
  });

  it('takes its requests back by going away', async () => {
    const { started, aborted } = untilAborted();
    const other = connect(`http://127.0.0.1:${echo.server.port}`);
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

describe('close', () => {
  it('lets a call in flight finish, takes no new one, and does not wait for idle clients', async () => {
    const { promise: finished, resolve: finish } = later();
    const { promise: started, resolve: start } = later();
    echo.answer = () => {
      start();
      return finished;
    };
    const running = infer();
    await started;
    const closed = echo.server.close(30_000);
    finish();
    expect(await running).toMatchObject({ model_name: 'm' });
    await closed;
    await failsWith(status.UNAVAILABLE, call('ServerLive', {}));
  });

  it('ends what does not finish in time', async () => {
    const { promise: started, resolve: start } = later();
    echo.answer = () => {
      start();
      return new Promise(() => {});
    };
    const running = failsWith(status.CANCELLED, infer());
    await started;
    await echo.server.close(50);
    await running;
  });

  it('names an address that it cannot listen on', async () => {
    await expect(listenGrpc({ service, gate, port: echo.server.port })).rejects.toThrow(/expected a free port/);
  });
});
