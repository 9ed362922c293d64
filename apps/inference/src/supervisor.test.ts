// Children are stopped (SIGSTOP) to hold a request in flight for certain, then continued or killed; no test waits for a time.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { bareApp } from './http-server.ts';
import { addRoutes } from './routes.ts';
import { ModelProcess, type ProcessOptions } from './supervisor.ts';
import type { Tensor } from './tensor.ts';

const tiny = fileURLToPath(new URL('../../../test/golden/onnx/tiny-ensemble.onnx', import.meta.url));
const types = fileURLToPath(new URL('../../../test/golden/onnx/tiny-types.onnx', import.meta.url));
const zeros: Record<string, Tensor> = { x: { datatype: 'FP32', shape: [1, 4], data: new Float32Array(4) } };
const open: ModelProcess[] = [];

async function start(path = tiny, options: Partial<ProcessOptions> = {}): Promise<ModelProcess> {
  const model = await ModelProcess.start('tiny', path, { threads: 1, maxPending: 8, restartDelayMs: 1, warn: () => {}, ...options });
  open.push(model);
  return model;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()));
});

describe('ModelProcess', () => {
  it('computes in another process, the same for every row of a large batch', async () => {
    const model = await start();
    expect(model.pid).not.toBe(process.pid);
    const one = await model.infer(zeros, ['probabilities']);
    const rows = 50_000;
    const many = await model.infer({ x: { datatype: 'FP32', shape: [rows, 4], data: new Float32Array(rows * 4) } }, ['probabilities']);
    const [first, all] = [one.probabilities!.data as Float32Array, many.probabilities!.data as Float32Array];
    expect(first.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    expect(all).toHaveLength(3 * rows);
    expect(all.every((p, i) => Math.abs(p - first[i % 3]!) < 1e-6)).toBe(true);
  });

  it('answers requests made at once, each its own', async () => {
    const model = await start();
    const ask = (i: number) =>
      model.infer({ x: { datatype: 'FP32', shape: [1, 4], data: Float32Array.of(i, 0, 0, 0) } }, ['probabilities']);
    const together = await Promise.all([ask(0), ask(1), ask(2)]);
    for (const i of [2, 1, 0]) expect(together[i]).toEqual(await ask(i));
    expect(together[0]).not.toEqual(together[1]);
  });

  it('passes on what the model says of a request that it cannot compute, and stays up', async () => {
    const model = await start(types);
    const sizes = { floats: 1, integers: 2, flags: 1, words: 1 }; // the model wants one size for all
    const feeds: Record<string, Tensor> = {
      floats: { datatype: 'FP32', shape: [sizes.floats], data: new Float32Array(sizes.floats) },
      integers: { datatype: 'FP32', shape: [sizes.integers], data: new Float32Array(sizes.integers) },
      flags: { datatype: 'BOOL', shape: [sizes.flags], data: new Uint8Array(sizes.flags) },
      words: { datatype: 'BYTES', shape: [sizes.words], data: [''] },
    };
    await expect(model.infer(feeds, ['doubled'])).rejects.toMatchObject({
      statusCode: 500,
      message: expect.stringMatching(/^model 'tiny' failed: ./),
    });
    expect(model.ready).toBe(true);
  });

  it('says why a file does not load', async () => {
    await expect(start('/nowhere/a.onnx')).rejects.toMatchObject({ code: 'MISSING_FILE' });
    await expect(start(fileURLToPath(import.meta.url))).rejects.toMatchObject({
      code: 'BAD_FILE',
      message: expect.not.stringContaining('\n'),
    });
  });

  it('fails the requests of a child that was killed, and answers the next one with a new child', async () => {
    const warnings: string[] = [];
    const model = await start(tiny, { warn: (message) => warnings.push(message) });
    const first = model.pid!;
    process.kill(first, 'SIGSTOP');
    const lost = [model.infer(zeros, ['probabilities']), model.infer(zeros, ['probabilities'])];
    process.kill(first, 'SIGKILL');
    for (const { status, ...rest } of await Promise.allSettled(lost)) {
      expect(status).toBe('rejected');
      expect(rest).toMatchObject({ reason: { statusCode: 500, message: expect.stringContaining('signal SIGKILL') } });
    }
    expect((await model.infer(zeros, ['probabilities'])).probabilities!.shape).toEqual([1, 3]);
    expect(model.pid).not.toBe(first);
    expect(warnings).toEqual(["model 'tiny': its process ended (signal SIGKILL); starting it again"]);
  });

  it('serves through the routes again after its child was killed', async () => {
    const model = await start();
    const app = bareApp({});
    addRoutes(app, new Map([['tiny', model]]));
    const body = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [0, 0, 0, 0] }] };
    const ask = () => app.inject({ method: 'POST', url: '/v2/models/tiny/infer', body });
    const before = await ask();
    process.kill(model.pid!, 'SIGSTOP');
    const lost = ask();
    await expect.poll(() => model.pending).toBe(1);
    process.kill(model.pid!, 'SIGKILL');
    expect((await lost).statusCode).toBe(500);
    expect(Object.keys((await lost).json())).toEqual(['error']);
    const after = await ask();
    expect(after.statusCode).toBe(200);
    expect(after.json()).toEqual(before.json());
    await app.close();
  });

  it('is not ready after failing again and again, refuses with 503, and comes back with the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'freetickets-'));
    const path = join(folder, 'model.onnx');
    await copyFile(tiny, path);
    const model = await start(path);
    await writeFile(path, 'broken');
    process.kill(model.pid!, 'SIGKILL');
    await expect.poll(() => model.ready).toBe(false);
    await expect(model.infer(zeros, ['probabilities'])).rejects.toMatchObject({ statusCode: 503, message: "model 'tiny' is not ready" });
    await copyFile(tiny, path);
    await expect.poll(() => model.ready, { timeout: 30_000 }).toBe(true);
    expect((await model.infer(zeros, ['probabilities'])).probabilities!.shape).toEqual([1, 3]);
    await rm(folder, { recursive: true });
  });

  it('refuses one request more than may be pending with 429', async () => {
    const model = await start(tiny, { maxPending: 1 });
    process.kill(model.pid!, 'SIGSTOP');
    const pending = model.infer(zeros, ['probabilities']);
    await expect(model.infer(zeros, ['probabilities'])).rejects.toMatchObject({ statusCode: 429, headers: { 'retry-after': '1' } });
    process.kill(model.pid!, 'SIGCONT');
    expect((await pending).probabilities!.shape).toEqual([1, 3]);
    await expect(model.infer(zeros, ['probabilities'])).resolves.toBeDefined();
  });

  it('closes after the pending requests, refusing new ones, and leaves no process', async () => {
    const model = await start();
    const pid = model.pid!;
    process.kill(pid, 'SIGSTOP');
    const pending = model.infer(zeros, ['probabilities']);
    const closed = model.close();
    expect(model.ready).toBe(false);
    await expect(model.infer(zeros, ['probabilities'])).rejects.toMatchObject({ statusCode: 503 });
    process.kill(pid, 'SIGCONT');
    expect((await pending).probabilities!.shape).toEqual([1, 3]);
    await closed;
    expect(isAlive(pid)).toBe(false);
  });

  it('can be killed while it closes', async () => {
    const model = await start();
    process.kill(model.pid!, 'SIGSTOP');
    const pending = model.infer(zeros, ['probabilities']);
    const closed = model.close();
    model.kill();
    await expect(pending).rejects.toMatchObject({ statusCode: 500 });
    await closed;
    expect(model.pid).toBeUndefined();
  });
});
