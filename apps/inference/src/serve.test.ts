/** The server on real ports, under load while its workers are killed, its models replaced and it is told to end. */
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, type ServeOptions, serve } from './serve.ts';

const golden = (file: string) => fileURLToPath(new URL(`../../../test/golden/onnx/${file}`, import.meta.url));
const rows = golden('tiny-rows.onnx');
const open: RunningServer[] = [];
const folders: string[] = [];

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const server = await serve({ models: { rows: { path: rows } }, port: 0, threads: 1, logLevel: 'silent', ...options });
  open.push(server);
  return server;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'freetickets-'));
  folders.push(folder);
  return folder;
}

const bodyOf = (value: number) =>
  JSON.stringify({
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [1, 4], data: [value, 0, 0, 0] },
      { name: 'pick', datatype: 'INT64', shape: [1], data: [1] },
    ],
  });

/** Status of one request, and whether its answer is right. */
async function ask(server: RunningServer, value: number): Promise<string> {
  const response = await fetch(`${server.address}/v2/models/rows/infer`, { method: 'POST', body: bodyOf(value) });
  const answer = (await response.json()) as { error?: string; outputs?: { data: number[] }[] };
  if (answer.error !== undefined) return `${response.status} ${answer.error}`;
  return answer.outputs![0]!.data[0] === 2 * value ? 'right' : `wrong: ${JSON.stringify(answer)}`;
}

/** Eight clients that ask again and again until told to stop; gives every answer. */
function load(server: RunningServer): () => Promise<string[]> {
  let running = true;
  const client = async (n: number): Promise<string[]> => {
    const answers: string[] = [];
    while (running) answers.push(await ask(server, n * 1000 + answers.length));
    return answers;
  };
  const clients = Promise.all(Array.from({ length: 8 }, (_, n) => client(n)));
  return async () => {
    running = false;
    return (await clients).flat();
  };
}

const pidsOf = (server: RunningServer) => server.service.repository.models.flatMap((model) => model.loaded.flatMap(({ pids }) => pids));

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

describe('under load', () => {
  it('answers everything rightly while workers are killed', async () => {
    const server = await start({ instances: 2 });
    const stop = load(server);
    for (let kills = 0; kills < 6; kills++) {
      await expect.poll(() => pidsOf(server).length, { timeout: 20_000 }).toBe(2);
      const killed = pidsOf(server)[kills % 2]!;
      process.kill(killed, 'SIGKILL');
      await expect.poll(() => pidsOf(server), { timeout: 20_000 }).not.toContain(killed);
    }
    const answers = await stop();
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter((answer) => answer !== 'right')).toEqual([]);
  }, 60_000);

  it('answers everything rightly while the model is loaded anew again and again', async () => {
    const server = await start({ control: 'explicit', loadAtStart: ['*'] });
    const stop = load(server);
    for (let reloads = 0; reloads < 10; reloads++) {
      const before = pidsOf(server);
      await server.service.load('rows');
      expect(pidsOf(server)).not.toEqual(before);
    }
    const answers = await stop();
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter((answer) => answer !== 'right')).toEqual([]);
  }, 60_000);

  it('forgets the requests of clients that went away', async () => {
    const server = await start();
    const [pid] = pidsOf(server);
    process.kill(pid!, 'SIGSTOP');
    const gone = new AbortController();
    const pending = () => server.service.repository.model('rows').version().pending;
    const url = `${server.address}/v2/models/rows/infer`;
    const first = ask(server, 1); // this one is with the worker, the others wait
    await expect.poll(pending).toBe(1);
    const left = Promise.allSettled([2, 3, 4].map((value) => fetch(url, { method: 'POST', body: bodyOf(value), signal: gone.signal })));
    await expect.poll(pending).toBe(4);
    gone.abort();
    expect((await left).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect.poll(pending).toBe(1);
    process.kill(pid!, 'SIGCONT');
    expect(await first).toBe('right');
    const [statistics] = server.service.statistics('rows');
    expect([statistics!.inference_count, statistics!.inference_stats.fail.count]).toEqual([1, 3]);
  });

  it('answers a full queue as Triton does, if that was chosen', async () => {
    const server = await start({ maxQueuedBytes: 1, tritonStatus: true });
    const refused = await fetch(`${server.address}/v2/models/rows/infer`, { method: 'POST', body: bodyOf(1) });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it.each(['HTTP', 'gRPC'])('takes no more connections of one address than it may: %s', async (surface) => {
    const server = await start({ maxConnectionsPerAddress: 2, grpcPort: 0 });
    const port = surface === 'HTTP' ? Number(new URL(server.address).port) : server.grpcPort!;
    const connected = () =>
      new Promise<Socket>((resolve) => {
        const socket = createConnection(port, '127.0.0.1', () => resolve(socket));
      });
    const sockets = [await connected(), await connected(), await connected()];
    await once(sockets[2]!, 'close');
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
    expect((await server.service.metrics.page()).text).toMatch(/ft_rejected_total\{[^}]*rate-limited[^}]*\} 1/);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => ask(server, 1).catch(() => 'refused')).toBe('right');
  });

  it('refuses what it has no room for before the first byte of it has come', async () => {
    const server = await start({ maxQueuedBytes: 60 });
    const { hostname, port } = new URL(server.address);
    const socket = createConnection(Number(port), hostname).setEncoding('utf8');
    socket.write('POST /v2/models/rows/infer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n');
    socket.write('Inference-Header-Content-Length: 100\r\nContent-Length: 1000000\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1\.1 429 /);
    expect(answer).toMatch(/^retry-after: 1\r$/im);
    socket.destroy();
    const { text } = await server.service.metrics.page();
    expect(text).toMatch(/ft_rejected_total\{[^}]*queue-full[^}]*\} 1/);
  });

  it('refuses what is too much with 429 and the time to come again, and counts it', async () => {
    const server = await start({ maxQueuedBytes: 60 });
    const [pid] = pidsOf(server);
    process.kill(pid!, 'SIGSTOP');
    const url = `${server.address}/v2/models/rows/infer`;
    const pending = [fetch(url, { method: 'POST', body: bodyOf(1) }), fetch(url, { method: 'POST', body: bodyOf(1) })];
    await expect.poll(() => server.service.repository.model('rows').version().pending).toBe(2);
    const refused = await fetch(url, { method: 'POST', body: bodyOf(1) });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    process.kill(pid!, 'SIGCONT');
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200]);
    const { text } = await server.service.metrics.page();
    expect(text).toMatch(/ft_rejected_total\{[^}]*queue-full[^}]*\} 1/);
  });
});

describe('a repository that is followed', () => {
  const put = async (folder: string, version: string, file: string) => {
    await mkdir(join(folder, 'rows', `${version}.new`), { recursive: true });
    await copyFile(golden(file), join(folder, 'rows', `${version}.new`, 'model.onnx'));
    await rename(join(folder, 'rows', `${version}.new`), join(folder, 'rows', version));
  };

  it('serves a new version when it is there, and the old one until then', async () => {
    const folder = await newFolder();
    await put(folder, '1', 'tiny-rows.onnx');
    const server = await start({ models: {}, folder, control: 'poll', pollSeconds: 3600 });
    const stop = load(server);
    const { repository } = server.service;
    for (const version of ['2', '3']) {
      await put(folder, version, 'tiny-rows.onnx');
      await repository.poll();
      expect(repository.model('rows').version().version).toBe(version);
    }
    await mkdir(join(folder, 'rows', '4'));
    await writeFile(join(folder, 'rows', '4', 'model.onnx'), 'broken');
    await repository.poll();
    expect(repository.model('rows').version().version).toBe('3');
    expect(repository.index()).toContainEqual(
      expect.objectContaining({ version: '4', state: 'UNAVAILABLE', reason: expect.stringContaining('expected') }),
    );
    expect((await stop()).filter((answer) => answer !== 'right')).toEqual([]);
  }, 30_000);
});

describe('the end', () => {
  it('does not wait for a client that keeps an idle connection', async () => {
    const server = await start({ drainMs: 3_600_000 });
    const agent = new Agent({ keepAlive: true });
    const { port } = new URL(server.address);
    const response = await new Promise<IncomingMessage>((resolve) => get({ port, host: '127.0.0.1', path: '/v2', agent }, resolve));
    await new Promise((resolve) => response.resume().once('end', resolve));
    const silent = createConnection(Number(port), '127.0.0.1'); // and one that never said anything
    await new Promise((resolve) => silent.once('connect', resolve));
    await server.close();
    expect(pidsOf(server)).toEqual([]);
    agent.destroy();
    silent.destroy();
  });

  it('answers everything that was accepted', async () => {
    const server = await start();
    const [pid] = pidsOf(server);
    process.kill(pid!, 'SIGSTOP');
    const answers = [1, 2, 3].map((value) => ask(server, value));
    await expect.poll(() => server.service.repository.model('rows').version().pending).toBe(3);
    const closed = server.close();
    process.kill(pid!, 'SIGCONT');
    expect(await Promise.all(answers)).toEqual(['right', 'right', 'right']);
    await closed;
  });

  it('says that it is coming, and still answers, as long as it was told to', async () => {
    const server = await start({ drainDelayMs: 3000 });
    expect(await ask(server, 3)).toBe('right'); // the first takes longer
    const closed = server.close();
    const ready = await fetch(`${server.address}/v2/health/ready`);
    expect([ready.status, await ready.json(), ready.headers.get('connection')]).toEqual([503, { ready: false }, 'close']);
    expect(await ask(server, 4)).toBe('right');
    await closed;
    await expect(fetch(server.address)).rejects.toThrow();
  });

  it('cuts off a request that takes too long', async () => {
    const server = await start({ drainMs: 200 });
    process.kill(pidsOf(server)[0]!, 'SIGSTOP');
    const answer = ask(server, 1).catch(() => 'cut off');
    await expect.poll(() => server.service.repository.model('rows').version().pending).toBe(1);
    await server.close();
    expect(await answer).not.toBe('right');
    expect(pidsOf(server)).toEqual([]);
  });
});
