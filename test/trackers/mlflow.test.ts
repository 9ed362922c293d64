/** A real MLflow server: told a run while it goes on, across a stop, and gone in the middle of one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, eventsOf, folder, reached, remove, run, SMALL, start, temporary, ticketsOf } from '../e2e/command.ts';
import { freePort } from '../e2e/free-port.ts';
import { python, titled } from './python.ts';

interface MlflowRun {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string; readonly end_time?: number };
  readonly data: {
    readonly params?: readonly { readonly key: string; readonly value: string }[];
    readonly tags: readonly { readonly key: string; readonly value: string }[];
    readonly metrics: readonly { readonly key: string; readonly value: number; readonly step: number }[];
  };
}

class MlflowServer {
  readonly url: string;
  readonly #port: number;
  readonly #home: string;
  #child: ChildProcess | undefined;

  constructor(port: number, home: string) {
    this.#port = port;
    this.#home = home;
    this.url = `http://127.0.0.1:${port}`;
  }

  async begin(): Promise<void> {
    const options = ['--host', '127.0.0.1', '--port', `${this.#port}`, '--workers', '1'];
    const stores = ['--backend-store-uri', `sqlite:///${this.#home}/mlflow.db`, '--default-artifact-root', join(this.#home, 'artifacts')];
    const environment = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' };
    // A group of its own, to be ended as one.
    this.#child = spawn(python!, ['-m', 'mlflow', 'server', ...options, ...stores], { detached: true, env: environment, stdio: 'ignore' });
    for (;;) {
      const healthy = await fetch(`${this.url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (healthy) return;
      if (this.#child.exitCode !== null) throw new Error(`mlflow server ended with ${this.#child.exitCode}`);
      await delay(100);
    }
  }

  async kill(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    process.kill(-this.#child.pid!, 'SIGKILL');
    await ended;
  }

  async #ask<T>(path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.url}/api/2.0/mlflow/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as T;
  }

  async runsOf(name: string): Promise<readonly MlflowRun[]> {
    const { experiment } = await this.#ask<{ experiment: { experiment_id: string } }>(`experiments/get-by-name?experiment_name=${name}`);
    const { runs = [] } = await this.#ask<{ runs?: MlflowRun[] }>('runs/search', { experiment_ids: [experiment.experiment_id] });
    return runs;
  }

  /** Step and value. */
  async history(runId: string, key: string): Promise<readonly [number, number][]> {
    const query = `run_id=${runId}&metric_key=${encodeURIComponent(key)}&max_results=1000`;
    const { metrics = [] } = await this.#ask<{ metrics?: { step: number; value: number }[] }>(`metrics/get-history?${query}`);
    return metrics.map(({ step, value }): [number, number] => [Number(step), value]).sort(([a], [b]) => a - b);
  }
}

const ofLog = (path: string, type: string, field: string) =>
  eventsOf(path).flatMap((event) => (event.type === type ? [[event.step, event[field]]] : []));

describe.skipIf(!python)(titled('MLflow'), () => {
  const home = folder();
  let server: MlflowServer;

  beforeAll(async () => {
    server = new MlflowServer(await freePort(), home);
    await server.begin();
  });

  afterAll(async () => {
    await server?.kill();
    remove(home);
  });

  it('has configuration, provenance and every number of a run', async () => {
    const path = join(temporary(), 'first');
    const { code, stderr } = await run(['train', ...SMALL, '--out', path, '--mlflow', server.url, '--experiment', 'whole']);
    expect(code, stderr).toBe(0);
    const [found, ...others] = await server.runsOf('whole');
    expect(others).toEqual([]);
    const { info, data } = found!;
    expect(info).toMatchObject({ run_name: 'first', status: 'FINISHED' });
    expect(data.params).toEqual(
      expect.arrayContaining([
        { key: 'sparsity', value: '0.9' },
        { key: 'method', value: 'edst' },
      ]),
    );
    const record = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as { data: { hash: string }; experiment: object };
    expect(data.params).toHaveLength(Object.keys(record.experiment).length);
    expect(data.tags).toContainEqual({ key: 'freetickets.hash_of_the_data', value: record.data.hash });
    expect(await server.history(info.run_id, 'loss/training')).toEqual(ofLog(path, 'epoch', 'loss'));
    expect(await server.history(info.run_id, 'accuracy/validation')).toEqual(ofLog(path, 'epoch', 'validAccuracy'));
    expect(await server.history(info.run_id, 'rewiring/exploration')).toEqual(ofLog(path, 'rewired', 'exploration'));
    expect((await server.history(info.run_id, 'tickets')).map(([, count]) => count)).toEqual([1, 2]);
  });

  it('names the metrics of members that are trained on their own, in one run', async () => {
    const path = join(temporary(), 'members');
    const { code, stderr } = await run(['train', ...SMALL, '--method', 'static', '--out', path, '--mlflow', `${server.url}/`]);
    expect(code, stderr).toBe(0);
    const [found] = await server.runsOf('freetickets');
    const losses = eventsOf(path).filter((event) => event.type === 'epoch' && event.member === 1);
    expect(await server.history(found!.info.run_id, 'member-1/loss/training')).toEqual(losses.map(({ step, loss }) => [step, loss]));
  });

  it('sees a run that was stopped go on as the same one', async () => {
    const path = join(temporary(), 'stopped');
    const tracked = ['--mlflow', server.url, '--experiment', 'again'];
    const running = start(['train', ...SMALL, '--explore-epochs', '30', '--out', path, ...tracked]);
    await reached(5, path, running);
    expect((await running.kill('SIGINT')).code).toBe(75);
    const [before] = await server.runsOf('again');
    expect(before!.info.status).toBe('KILLED');
    const { code, stderr } = await run(['train', '--resume', path, ...tracked]);
    expect(code, stderr).toBe(0);
    const [after, ...others] = await server.runsOf('again');
    expect(others).toEqual([]);
    expect(after!.info).toMatchObject({ run_id: before!.info.run_id, status: 'FINISHED' });
    expect(await server.history(after!.info.run_id, 'loss/training')).toEqual(ofLog(path, 'epoch', 'loss'));
  });

  it('need not be there at all', async () => {
    const path = join(temporary(), 'nobody');
    const { code, stderr } = await run(['train', ...SMALL, '--out', path, '--mlflow', `http://127.0.0.1:${await freePort()}`]);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/MLflow/g)).toHaveLength(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect(Object.keys(contents(path))).not.toContain('mlflow.json');
  });

  it('may be killed in the middle of a run, which is trained to its end and says so once', async () => {
    const path = join(temporary(), 'alone');
    const options = [...SMALL, '--explore-epochs', '20'];
    const running = start(['train', ...options, '--out', path, '--mlflow', server.url]);
    await reached(4, path, running);
    running.child.kill('SIGSTOP'); // so that it has something to tell yet when the server has gone
    await server.kill();
    running.child.kill('SIGCONT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stderr.match(/MLflow/g)).toHaveLength(1);
    expect(stderr).toMatch(/^note: MLflow at http\S+ is told no more of this run, which goes on: \S+/m);
    const other = join(temporary(), 'other');
    await run(['train', ...options, '--out', other]);
    expect(ticketsOf(path)).toEqual(ticketsOf(other));
  });
});
