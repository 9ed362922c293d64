/**
 * NVIDIA's load generator against the built server, over both surfaces, and its counts beside ours. Needs the program, named by
 * SERVING_PERF_ANALYZER; .ci/run unpacks it, with the library that it wants, from two wheels.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startServer } from './server.ts';

const program = process.env.SERVING_PERF_ANALYZER;
const libraries = [join(program ?? '', '../../nvidia/cuda_runtime/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
const title = program ? 'perf_analyzer' : 'perf_analyzer (skipped: SERVING_PERF_ANALYZER names no program)';

// How steady the load is says nothing of the server on a machine that others use: one round of any result is enough.
const quick = ['--input-data', 'zero', '--stability-percentage', '1000000', '--max-trials', '3', '-v'];
const closed = ['--measurement-mode', 'count_windows', '--measurement-request-count', '50'];
const open = ['--request-rate-range', '50', '--request-distribution', 'poisson', '--measurement-interval', '1000', '--percentile', '99'];

describe.skipIf(!program)(title, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.stop());

  const run = async (args: readonly string[]): Promise<string> => {
    const finished = promisify(execFile)(program!, ['-m', 'digits', ...args, ...quick], {
      timeout: 240_000,
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    });
    const { stdout, stderr } = await finished.catch((error: { stdout: string; stderr: string }) => error);
    return stdout + stderr;
  };
  const counts = (said: string, what: string) => [...said.matchAll(new RegExp(`${what}: (\\d+)`, 'g'))].map(([, count]) => Number(count));
  const elements = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.http}/v2/models/digits/stats`);
    const { model_stats } = (await answer.json()) as {
      model_stats: [{ inference_count: number; inference_stats: { success: { count: number } } }];
    };
    const [{ inference_count, inference_stats }] = model_stats;
    return { inferences: inference_count, requests: inference_stats.success.count };
  };

  const where = (surface: string) =>
    surface === 'http' ? ['-u', `127.0.0.1:${server.http}`] : ['-i', 'grpc', '-u', `127.0.0.1:${server.grpc}`];
  const surfaces = ['http', 'grpc'] as const;
  const sizes = [1, 2, 4, 8].flatMap((batch) => surfaces.map((surface) => [surface, batch] as const));

  it.each(sizes)(
    '%s, closed loop, batches of %i: its counts and the statistics agree within one percent',
    { timeout: 300_000 },
    async (surface, batch) => {
      const before = await elements();
      const said = await run([...where(surface), '-b', String(batch), '--concurrency-range', '2', ...closed]);
      const [requests = 0, served = 0, inferences = 0] = ['Request count', 'Successful request count', 'Inference count'].map((what) =>
        counts(said, what).at(-1),
      );
      expect(requests, said).toBeGreaterThanOrEqual(50);
      // A window begins and ends with up to two requests under way.
      expect(Math.abs(served - requests)).toBeLessThanOrEqual(Math.max(4, 0.01 * requests));
      expect(inferences).toBe(batch * served);
      const after = await elements();
      expect(after.inferences - before.inferences).toBe(batch * (after.requests - before.requests));
      expect(after.requests - before.requests).toBeGreaterThanOrEqual(served);
    },
  );

  it.each(surfaces)('%s, open loop: 50 requests a second arrive and are answered', { timeout: 300_000 }, async (surface) => {
    const said = await run([...where(surface), ...open]);
    expect(said).toMatch(/p99 latency: \d+ usec/);
    expect(counts(said, 'Request count').at(-1)).toBeGreaterThan(0);
    expect(said).not.toMatch(/error/i);
  });
});
