/** What was reported, counted by hand: the statistics object, the Prometheus page, and the page over a real connection. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from '../service-error.ts';
import { Metrics } from './metrics.ts';
import { listenMetrics } from './metrics-server.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics();
  metrics.modelLoaded('m', '1', 1.5, { sha256: 'abc', engine: 'onnxruntime-cpu' });
});
afterEach(() => metrics.close());

const times = { computeInputNs: 1000, computeInferNs: 20_000, computeOutputNs: 3000 };
const request = { model: 'm', version: '1', outcome: 'success', rows: 3, totalNs: 100_000, queueNs: 5000, ...times } as const;
const batch = { model: 'm', version: '1', rows: 4, requests: 2, totalNs: 100_000, spans: [], ...times };

/** Lines of the page that begin so, without their name's labels `model="m",version="1"`. */
async function lines(name: string): Promise<string[]> {
  const { text } = await metrics.page();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && !line.startsWith('#'))
    .map((line) => line.replace('model="m",version="1"', ''));
}

describe('statistics', () => {
  it('sums requests that succeeded, and batches by their size', () => {
    metrics.request(request);
    metrics.request({ ...request, rows: 1, totalNs: 50_000 });
    metrics.batch(batch);
    metrics.batch({ ...batch, computeInferNs: 30_000 });
    metrics.batch({ ...batch, rows: 2 });
    const found = metrics.statistics.of('m', '1');
    expect(Date.now() - found.last_inference).toBeLessThan(60_000);
    const none = { count: 0, ns: 0 };
    expect({ ...found, last_inference: 0 }).toEqual({
      name: 'm',
      version: '1',
      last_inference: 0,
      inference_count: 4,
      execution_count: 3,
      inference_stats: {
        success: { count: 2, ns: 150_000 },
        fail: none,
        queue: { count: 2, ns: 10_000 },
        compute_input: { count: 2, ns: 2000 },
        compute_infer: { count: 2, ns: 40_000 },
        compute_output: { count: 2, ns: 6000 },
        cache_hit: none,
        cache_miss: none,
      },
      response_stats: {},
      batch_stats: [
        {
          batch_size: 2,
          compute_input: { count: 1, ns: 1000 },
          compute_infer: { count: 1, ns: 20_000 },
          compute_output: { count: 1, ns: 3000 },
        },
        {
          batch_size: 4,
          compute_input: { count: 2, ns: 2000 },
          compute_infer: { count: 2, ns: 50_000 },
          compute_output: { count: 2, ns: 6000 },
        },
      ],
      memory_usage: [],
    });
  });

  it('counts failures apart', () => {
    metrics.request({ ...request, outcome: 'failed' });
    metrics.request({ ...request, outcome: 'queue-full', totalNs: 1 });
    expect(metrics.statistics.of('m', '1')).toMatchObject({
      inference_count: 0,
      inference_stats: { success: { count: 0, ns: 0 }, fail: { count: 2, ns: 100_001 }, queue: { count: 0, ns: 0 } },
    });
  });

  it('keeps no names that were not announced', () => {
    for (let i = 0; i < 100; i++) metrics.request({ ...request, model: `unknown-${i}` });
    expect(metrics.statistics.versions.map(({ model }) => model)).toEqual(['m']);
    expect(metrics.statistics.of('unknown-1', '1').inference_count).toBe(0);
  });

  it('begins anew when a version is loaded anew', () => {
    metrics.request(request);
    metrics.modelLoaded('m', '1', 1);
    expect(metrics.statistics.of('m', '1').inference_count).toBe(0);
  });
});

describe('the page', () => {
  it('has the counters under their Triton names, in microseconds', async () => {
    metrics.request(request);
    metrics.batch(batch);
    const found = await Promise.all(
      ['request_success', 'count', 'exec_count', 'request_duration_us', 'queue_duration_us', 'compute_infer_duration_us'].map((name) =>
        lines(`nv_inference_${name}`),
      ),
    );
    expect(found.flat()).toEqual([
      'nv_inference_request_success{} 1',
      'nv_inference_count{} 3',
      'nv_inference_exec_count{} 1',
      'nv_inference_request_duration_us{} 100',
      'nv_inference_queue_duration_us{} 5',
      'nv_inference_compute_infer_duration_us{} 20',
    ]);
    expect(await lines('nv_model_load_duration_secs')).toEqual(['nv_model_load_duration_secs{} 1.5']);
    expect(await lines('ft_model_info')).toEqual(['ft_model_info{,sha256="abc",engine="onnxruntime-cpu"} 1']);
  });

  it('gives the same values at each look', async () => {
    metrics.request(request);
    await metrics.page();
    expect(await lines('nv_inference_request_success')).toEqual(['nv_inference_request_success{} 1']);
  });

  it('counts every failure once, under the reason that Triton gives and under ours', async () => {
    for (const outcome of ['queue-full', 'queue-full', 'timeout', 'cancelled', 'failed', 'invalid'] as const)
      metrics.request({ ...request, outcome });
    metrics.refused('unauthenticated');
    expect(await lines('nv_inference_request_failure')).toEqual([
      'nv_inference_request_failure{,reason="REJECTED"} 3',
      'nv_inference_request_failure{,reason="CANCELED"} 1',
      'nv_inference_request_failure{,reason="BACKEND"} 1',
      'nv_inference_request_failure{,reason="OTHER"} 1',
    ]);
    expect((await lines('ft_rejected_total')).sort()).toEqual([
      'ft_rejected_total{,reason="cancelled"} 1',
      'ft_rejected_total{,reason="failed"} 1',
      'ft_rejected_total{,reason="invalid"} 1',
      'ft_rejected_total{,reason="queue-full"} 2',
      'ft_rejected_total{,reason="timeout"} 1',
      'ft_rejected_total{reason="unauthenticated"} 1',
    ]);
  });

  it('sorts durations and batch sizes into buckets', async () => {
    metrics.request({ ...request, totalNs: 3_000_000 });
    metrics.batch(batch);
    expect(await lines('ft_request_duration_seconds_bucket{le="0.002"')).toEqual(['ft_request_duration_seconds_bucket{le="0.002",} 0']);
    expect(await lines('ft_request_duration_seconds_bucket{le="0.005"')).toEqual(['ft_request_duration_seconds_bucket{le="0.005",} 1']);
    expect(await lines('ft_request_duration_seconds_sum')).toEqual(['ft_request_duration_seconds_sum{} 0.003']);
    expect(await lines('ft_batch_size_bucket{le="2"')).toEqual(['ft_batch_size_bucket{le="2",} 0']);
    expect(await lines('ft_batch_size_bucket{le="4"')).toEqual(['ft_batch_size_bucket{le="4",} 1']);
  });

  it('asks for present values when it is read', async () => {
    let pending = 7;
    let draining = false;
    const queues = () => [{ model: 'm', version: '1', pendingRequests: pending, pendingBytes: 99 }];
    metrics.watch({ queues, drift: () => [], draining: () => draining });
    expect(await lines('nv_inference_pending_request_count')).toEqual(['nv_inference_pending_request_count{} 7']);
    expect(await lines('ft_queue_bytes')).toEqual(['ft_queue_bytes{} 99']);
    expect(await lines('ft_draining')).toEqual(['ft_draining 0']);
    [pending, draining] = [0, true];
    expect([...(await lines('nv_inference_pending')), ...(await lines('ft_draining'))]).toEqual([
      'nv_inference_pending_request_count{} 0',
      'ft_draining 1',
    ]);
  });

  it('counts what ensembles say of their answers', async () => {
    const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
    metrics.answered('m', '1', [
      { name: 'predictive_entropy', datatype: 'FP32', shape: [2, 1], bytes: floats(0.015, 4) },
      { name: 'members_used', datatype: 'INT32', shape: [2, 1], bytes: new Uint8Array(Int32Array.of(2, 3).buffer) },
      { name: 'abstain', datatype: 'BOOL', shape: [3, 1], bytes: Uint8Array.of(1, 0, 1) },
      { name: 'constructor', datatype: 'FP32', shape: [1], bytes: floats(1) },
    ]);
    expect(await lines('ft_predictive_entropy_bucket{le="0.02"')).toEqual(['ft_predictive_entropy_bucket{le="0.02",} 1']);
    expect(await lines('ft_predictive_entropy_count')).toEqual(['ft_predictive_entropy_count{} 2']);
    expect(await lines('ft_members_used_sum')).toEqual(['ft_members_used_sum{} 5']);
    expect(await lines('ft_abstain_total')).toEqual(['ft_abstain_total{} 2']);
  });

  it('forgets a version that is gone', async () => {
    metrics.request(request);
    metrics.batch(batch);
    metrics.modelRemoved('m', '1');
    expect((await metrics.page()).text).not.toContain('model="m"');
  });

  it('knows the machine', async () => {
    const [total] = await lines('nv_cpu_memory_total_bytes');
    const [used] = await lines('nv_cpu_memory_used_bytes');
    const value = (line = '') => Number(line.split(' ')[1]);
    expect(value(used)).toBeGreaterThan(0);
    expect(value(used)).toBeLessThan(value(total));
    expect(await lines('ft_event_loop_delay_seconds{percentile="99"')).toHaveLength(1);
  });
});

describe('the metrics port', () => {
  it('answers GET /metrics behind the gate, and nothing else', async () => {
    const admit = ({ header }: { header(name: string): string | undefined }) => {
      if (header('authorization') === 'Bearer none') throw new ServiceError('unauthenticated', 'unknown key');
      return { address: '' };
    };
    const server = await listenMetrics(metrics, { admit }, { port: 0 });
    const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
    const page = await get('/metrics');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/plain');
    expect(await page.text()).toContain('# TYPE nv_inference_request_success counter');
    const statuses = [
      await get('/'),
      await get('/metrics', { method: 'POST' }),
      await get('/metrics', { headers: { authorization: 'Bearer none' } }),
    ];
    expect(statuses.map(({ status }) => status)).toEqual([404, 405, 401]);
    for (const answer of statuses) expect(Object.keys((await answer.json()) as object)).toEqual(['error']);
    await server.close();
    await expect(get('/metrics')).rejects.toThrow();
  });
});
