/**
 * Batching with a real model in real worker processes. Workers are stopped (SIGSTOP) to hold requests in the queue for certain, then
 * continued or killed; no test waits for a time. The model doubles x and picks from [0, 10, .., 90], row by row.
 */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { BatchRecord, Observer, RequestRecord } from '../observability/observer.ts';
import type { DynamicBatching, ModelConfig } from '../repository/model-config.ts';
import { ServedVersion, type ServingOptions } from '../repository/served-version.ts';
import type { CallContext, InferRequest, InferResponse } from '../service.ts';
import { ByteBudget } from './byte-budget.ts';

const path = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-rows.onnx', import.meta.url));
const open: ServedVersion[] = [];
let batches: BatchRecord[] = [];
let requests: RequestRecord[] = [];
let restarts = 0;

const observer: Observer = {
  request: (record) => requests.push(record),
  batch: (record) => batches.push(record),
  workerRestarted: () => restarts++,
  answered: () => {},
  modelLoaded: () => {},
  modelRemoved: () => {},
  refused: () => {},
};

async function start(config: ModelConfig = {}, over: Partial<ServingOptions> = {}): Promise<ServedVersion> {
  [batches, requests, restarts] = [[], [], 0];
  const source = { model: 'rows', version: '1', path, config, labels: {} };
  const budget = new ByteBudget(2 ** 30);
  const options = { engine: 'auto' as const, threads: 1, instances: 1, budget, observer, restartDelayMs: 1, warn: () => {}, ...over };
  const served = await ServedVersion.start(source, options);
  open.push(served);
  return served;
}

const batching = (dynamic_batching: DynamicBatching, max_batch_size = 8): ModelConfig => ({ max_batch_size, dynamic_batching });

/** Rows whose first column counts up from `first`. */
function request(first: number, rows = 1, over: Partial<InferRequest> = {}, pick = 1n): InferRequest {
  const x = Float32Array.from({ length: 4 * rows }, (_, i) => first + Math.floor(i / 4) + (i % 4) / 8);
  const bytes = (data: Float32Array | BigInt64Array) => new Uint8Array(data.buffer);
  const inputs = [
    { name: 'x', datatype: 'FP32' as const, shape: [rows, 4], bytes: bytes(x) },
    { name: 'pick', datatype: 'INT64' as const, shape: [rows], bytes: bytes(BigInt64Array.from({ length: rows }, () => pick)) },
  ];
  return { model: 'rows', parameters: {}, inputs, outputs: [], ...over };
}

const floats = (response: InferResponse, name = 'doubled'): Float32Array => {
  const { bytes } = response.outputs.find((output) => output.name === name)!;
  return new Float32Array(new Uint8Array(bytes).buffer);
};

/** First columns of the answer. */
const firsts = (response: InferResponse): number[] => [...floats(response)].filter((_, i) => i % 4 === 0);

/** Sends requests while the worker is stopped: the first goes to it at once, the others wait together. */
async function together(
  served: ServedVersion,
  sent: readonly InferRequest[],
  contexts: readonly CallContext[] = [],
): Promise<PromiseSettledResult<InferResponse>[]> {
  const [pid] = served.pids;
  process.kill(pid!, 'SIGSTOP');
  const first = served.infer(request(1000), {});
  const answers = Promise.allSettled(sent.map((one, i) => served.infer(one, contexts[i] ?? {})));
  process.kill(pid!, 'SIGCONT');
  await first;
  return answers;
}

const value = <T>(settled: PromiseSettledResult<T>): T => {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

describe('dynamic batching', () => {
  it('runs what waits together in one batch, and gives each request its own rows', async () => {
    const answers = await together(await start(), [request(1), request(5, 3), request(9, 2)]);
    expect(answers.map((answer) => firsts(value(answer)))).toEqual([[2], [10, 12, 14], [18, 20]]);
    expect(batches.map(({ rows, requests: count }) => [rows, count])).toEqual([
      [1, 1],
      [6, 3],
    ]);
    expect(requests.map(({ outcome }) => outcome)).toEqual(Array(4).fill('success'));
  });

  it('tells with each batch which traced requests were in it, and how long it took', async () => {
    const traced: BatchRecord[] = [];
    const served = await start({}, { traceBatch: (batch) => traced.push(batch) });
    const span = (spanId: string) => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId, traceFlags: 1 });
    await together(served, [request(1), request(2), request(3)], [{ span: span('a') }, {}, { span: span('b') }]);
    expect(traced.map(({ model, version, requests, spans }) => [model, version, requests, spans.map(({ spanId }) => spanId)])).toEqual([
      ['rows', '1', 1, []],
      ['rows', '1', 3, ['a', 'b']],
    ]);
    for (const { totalNs, computeInferNs } of traced) expect(totalNs).toBeGreaterThanOrEqual(computeInferNs);
  });

  it('fills a batch up to max_batch_size and no further', async () => {
    await together(await start({ max_batch_size: 4 }), [request(1, 3), request(2, 1), request(3, 3), request(4, 2)]);
    expect(batches.map(({ rows }) => rows)).toEqual([1, 4, 3, 2]);
  });

  it('cuts a request that is larger than a batch, and puts its answer together', async () => {
    const answer = await (await start({ max_batch_size: 4 })).infer(request(0, 11), {});
    expect(answer.outputs.map(({ shape }) => shape)).toEqual([[11, 4], [11]]);
    expect(firsts(answer)).toEqual(Array.from({ length: 11 }, (_, i) => 2 * i));
    expect([...floats(answer, 'picked')]).toEqual(Array(11).fill(10));
    expect(batches.map(({ rows }) => rows)).toEqual([4, 4, 3]);
    expect(requests).toHaveLength(1);
  });

  it('prefers the sizes that the configuration names', async () => {
    const served = await start(batching({ preferred_batch_size: [2, 4] }));
    await together(
      served,
      Array.from({ length: 7 }, (_, i) => request(i)),
    );
    expect(batches.map(({ rows }) => rows)).toEqual([1, 4, 2, 1]);
  });

  it('holds a request until the delay is over, and sends it at once when a batch is full', async () => {
    const served = await start(batching({ max_queue_delay_microseconds: 3_600_000_000 }, 3));
    const answers = [served.infer(request(1), {}), served.infer(request(2), {})];
    expect(served.pending).toBe(2);
    answers.push(served.infer(request(3), {}));
    expect((await Promise.all(answers)).map(firsts)).toEqual([[2], [4], [6]]);
    expect(batches.map(({ rows }) => rows)).toEqual([3]);
    const short = await start(batching({ max_queue_delay_microseconds: 2000 }, 3));
    expect(firsts(await short.infer(request(1), {}))).toEqual([2]);
  });

  it('batches only what asks for the same outputs with the same parameters', async () => {
    const other = { outputs: [{ name: 'doubled' }] };
    const answers = await together(await start(), [request(1), request(2, 1, other), request(3), request(4, 1, other)]);
    expect(answers.map((answer) => value(answer).outputs.length)).toEqual([2, 1, 2, 1]);
    expect(answers.map((answer) => firsts(value(answer)))).toEqual([[2], [4], [6], [8]]);
    expect(batches.map(({ rows }) => rows)).toEqual([1, 2, 2]);
  });

  it('runs higher priorities first, 1 before 2', async () => {
    // What waits for ten times the delay counts as a level higher: never, so however slow the machine is, the levels stay as they are.
    const never = { max_queue_delay_microseconds: 3_600_000_000 };
    const served = await start(batching({ priority_levels: 3, default_priority_level: 3, ...never }, 1));
    const order: number[] = [];
    const ask = (i: number, priority?: number) => request(i, 1, priority === undefined ? {} : { parameters: { priority } });
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    const sent = [ask(0), ask(1), ask(2, 2), ask(3, 1), ask(4, 1), ask(5, 0)].map((one, i) =>
      served.infer(one, {}).then(() => order.push(i)),
    );
    process.kill(pid!, 'SIGCONT');
    await Promise.all(sent);
    expect(order).toEqual([0, 3, 4, 2, 1, 5]);
  });

  it('answers in the order of the requests where that is asked for, whichever worker is faster', async () => {
    const served = await start({ ...batching({ preserve_ordering: true }, 1), instance_group: [{ count: 2 }] });
    let held = 0;
    // Which worker gets the first request is not for us to say, but the workers take turns: in one of these rounds the second one is
    // computed first, and its answer has to wait.
    for (const [slow, fast] of [served.pids, [...served.pids].reverse(), served.pids]) {
      const before = batches.length;
      for (const pid of [slow!, fast!]) process.kill(pid, 'SIGSTOP');
      const order: number[] = [];
      const sent = [0, 1].map((i) => served.infer(request(i), {}).then(() => order.push(i)));
      process.kill(fast!, 'SIGCONT');
      await expect.poll(() => batches.length - before).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      if (order.length === 0) held++;
      process.kill(slow!, 'SIGCONT');
      await Promise.all(sent);
      expect(order).toEqual([0, 1]);
    }
    expect(held).toBeGreaterThan(0);
  });
});

describe('the queue', () => {
  it('refuses more requests than it may hold, with the time to come again', async () => {
    const served = await start(batching({ default_queue_policy: { max_queue_size: 2 } }, 1));
    const answers = await together(served, [request(1), request(2), request(3)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({
      reason: { reason: 'queue-full', retryAfter: 1, message: expect.stringContaining('Exceeds maximum queue size') },
    });
    expect(requests.filter(({ outcome }) => outcome === 'queue-full')).toHaveLength(1);
  });

  it('refuses more bytes than the server may hold, and has room again afterwards', async () => {
    const budget = new ByteBudget(60); // one row is 24 bytes
    const served = await start({}, { budget });
    const answers = await together(served, [request(1), request(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(answers[1]).toMatchObject({ reason: { reason: 'queue-full' } });
    expect(budget.used).toBe(0);
    await expect(served.infer(request(1, 3), {})).rejects.toMatchObject({ reason: 'queue-full' });
  });

  it('drops a request whose time is over before it is computed', async () => {
    const served = await start(batching({}, 1));
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    const first = served.infer(request(1), {});
    const late = ['timeout', 'deadline_us'].map((name) => served.infer(request(2, 1, { parameters: { [name]: 1000 } }), {}));
    late.push(served.infer(request(3), { deadline: performance.now() + 1 }));
    for (const answer of await Promise.allSettled(late)) expect(answer).toMatchObject({ reason: { reason: 'timeout' } });
    process.kill(pid!, 'SIGCONT');
    await first;
    expect(batches).toHaveLength(1);
  });

  it('computes a request whose time in the queue is over at last, where the policy is to delay', async () => {
    const policy = { timeout_action: 'DELAY', allow_timeout_override: true } as const;
    const served = await start(batching({ default_queue_policy: policy }, 1));
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    const first = served.infer(request(1), {});
    const order: number[] = [];
    const delayed = served.infer(request(2, 1, { parameters: { timeout: 1000 } }), {}).finally(() => order.push(2));
    await new Promise((resolve) => setTimeout(resolve, 5)); // a later and longer timer than that of the request, which has run before it
    const fresh = served.infer(request(3), {}).finally(() => order.push(3));
    process.kill(pid!, 'SIGCONT');
    expect(firsts(await delayed)).toEqual([4]);
    await Promise.all([first, fresh]);
    expect(order).toEqual([3, 2]);
  });

  it('forgets a request whose caller went away', async () => {
    const served = await start(batching({}, 1));
    const gone = new AbortController();
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    const first = served.infer(request(1), {});
    const left = served.infer(request(2), { signal: gone.signal });
    gone.abort();
    await expect(left).rejects.toMatchObject({ reason: 'cancelled' });
    expect(served.pending).toBe(1);
    process.kill(pid!, 'SIGCONT');
    await first;
    expect(batches).toHaveLength(1);
    await expect(served.infer(request(2), { signal: gone.signal })).rejects.toMatchObject({ reason: 'cancelled' });
  });
});

describe('failures', () => {
  it('fails the request that the model cannot compute, not the others of its batch', async () => {
    const answers = await together(await start(), [request(1), request(2, 1, {}, 99n), request(3)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { reason: 'failed', message: expect.not.stringContaining('/') } });
    expect(firsts(value(answers[2]!))).toEqual([6]);
  });

  it('runs the batch of a killed worker again on a new one', async () => {
    const served = await start();
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    const answers = [served.infer(request(1), {}), served.infer(request(2), {})];
    process.kill(pid!, 'SIGKILL');
    expect((await Promise.all(answers)).map(firsts)).toEqual([[2], [4]]);
    expect(served.pids).not.toContain(pid);
    expect(restarts).toBe(1);
    expect(served.ready).toBe(true);
  });

  it('gives a request up whose second worker dies too', async () => {
    const kill = () => process.kill(served.pids[0]!, 'SIGKILL');
    // The new worker is told of before it is given the request, and its end is noticed only afterwards.
    const workerRestarted = () => void (++restarts === 1 && kill());
    const served = await start({}, { observer: { ...observer, workerRestarted } });
    process.kill(served.pids[0]!, 'SIGSTOP');
    const answer = served.infer(request(1), {});
    kill();
    await expect(answer).rejects.toMatchObject({ reason: 'failed', message: expect.stringMatching(/process ended .*SIGKILL.* twice$/) });
  });

  it('goes on with one worker while another is started again', async () => {
    const served = await start({ max_batch_size: 1, instance_group: [{ count: 2 }] });
    process.kill(served.pids[0]!, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => served.infer(request(i), {})));
    expect(answers.map(firsts)).toEqual(Array.from({ length: 20 }, (_, i) => [2 * i]));
    await expect.poll(() => served.pids.length).toBe(2);
  });

  it('ends a worker that takes longer than it may', async () => {
    const served = await start({}, { runTimeoutMs: 2000 });
    const [pid] = served.pids;
    process.kill(pid!, 'SIGSTOP');
    expect(firsts(await served.infer(request(1), {}))).toEqual([2]); // on the new one
    expect(served.pids).not.toContain(pid);
  });
});

describe('the end', () => {
  it('answers what it has, takes no more, and leaves no process', async () => {
    const served = await start();
    const pids = [...served.pids];
    process.kill(pids[0]!, 'SIGSTOP');
    const pending = served.infer(request(1), {});
    const closed = served.close();
    await expect(served.infer(request(2), {})).rejects.toMatchObject({ reason: 'unavailable' });
    process.kill(pids[0]!, 'SIGCONT');
    expect(firsts(await pending)).toEqual([2]);
    await closed;
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('can be hastened by killing', async () => {
    const served = await start();
    process.kill(served.pids[0]!, 'SIGSTOP');
    const pending = served.infer(request(1), {});
    const closed = served.close();
    served.kill();
    await expect(pending).rejects.toThrow();
    await closed;
    expect(served.pids).toEqual([]);
  });
});
