/** The load of `pnpm bench serve` against a server written out here: what it counts, and the two forms of tensors. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerOf, closedLoop, questionOf } from './load.ts';

const data = Float32Array.of(0.5, -1, 2);
let server: Server;
let url = '';
let asked = 0;

/** Answers a request with the numbers that came, in the form in which they came. */
beforeAll(async () => {
  server = createServer(async (request, response) => {
    asked++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const length = request.headers['inference-header-content-length'];
    const { inputs } = JSON.parse(body.toString('utf8', 0, Number(length ?? body.length)));
    if (length === undefined) return response.end(JSON.stringify({ outputs: [{ data: inputs[0].data }] }));
    const head = JSON.stringify({ outputs: [{ parameters: { binary_data_size: 12 } }] });
    response.setHeader('inference-header-content-length', head.length);
    return response.end(Buffer.concat([Buffer.from(head), body.subarray(Number(length))]));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/models/m`;
});
afterAll(() => server.close());

it.each([true, false])('sends a sample and reads the answer, binary: %s', async (binary) => {
  expect(await answerOf(url, questionOf('images', 'probabilities', [3], data, binary))).toEqual([...data]);
});

it('counts every answer once, whatever the number of clients', async () => {
  for (const clients of [1, 5]) {
    asked = 0;
    const start = performance.now();
    const load = await closedLoop(url, questionOf('images', 'probabilities', [3], data, true), clients, 50);
    const seconds = (performance.now() - start) / 1000;
    expect(load.clients).toBe(clients);
    expect(asked).toBeGreaterThanOrEqual(clients);
    expect(load.rate * seconds).toBeGreaterThanOrEqual(asked);
    expect(load.p99).toBeGreaterThanOrEqual(load.p50);
  }
});

it('fails on an answer that is none', async () => {
  const refusing = createServer((_, response) => response.writeHead(429).end('full')).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  const at = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/v2/models/m`;
  await expect(closedLoop(at, questionOf('images', 'probabilities', [3], data, true), 1, 50)).rejects.toThrow('status 429: full');
  refusing.close();
});
