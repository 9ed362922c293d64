import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Spares } from './spares.ts';
import { WorkerProcess } from './worker-process.ts';

const spec = {
  path: fileURLToPath(new URL('../../../../test/golden/onnx/tiny-rows.onnx', import.meta.url)),
  engine: 'onnxruntime-cpu',
  threads: 1,
} as const;
let spares: Spares;
afterEach(() => spares.close());

/** A spare that has been started. */
async function spare(): Promise<number> {
  spares.replace();
  await expect.poll(() => spares.pid, { timeout: 60_000 }).toBeGreaterThan(0);
  return spares.pid!;
}

describe('Spares', () => {
  it('give a process that loads a model, once', async () => {
    spares = new Spares();
    const pid = await spare();
    const worker = await WorkerProcess.start(spec, spares.take());
    expect(worker.pid).toBe(pid);
    expect(worker.model.inputs.map(({ name }) => name)).toEqual(['x', 'pick']);
    const other = await WorkerProcess.start(spec, spares.take());
    expect(other.pid).not.toBe(pid);
    await Promise.all([worker.close(), other.close()]);
  });

  it('do not give one that has ended', async () => {
    spares = new Spares();
    const pid = await spare();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => spares.pid).toBeUndefined();
    const worker = await WorkerProcess.start(spec, spares.take());
    expect(worker.pid).not.toBe(pid);
    await worker.close();
  });

  it('leave no process behind', async () => {
    spares = new Spares();
    const pid = await spare();
    await spares.close();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    spares.replace();
    expect(spares.pid).toBeUndefined();
  });
});
