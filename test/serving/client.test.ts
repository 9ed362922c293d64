/** The TypeScript client against the server over a real port: what the one writes the other reads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect, ServerError } from '@freetickets/client';
import { fitCalibration, type RunningServer, serve } from '@freetickets/inference';
import { toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, lenet5, network, randomTopology, rng } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'client-'));
let server: RunningServer;
let client: Client;
const stream = rng(1).stream('images');
const images = { shape: [3, 1, 28, 28], data: Float32Array.from({ length: 3 * 784 }, () => stream.uniform()) };

function ensemble(): Uint8Array {
  const net = network(lenet5());
  const tickets = [1, 2, 3].map((seed) => initialState(net, randomTopology(net, erk()(net, 0.8), seed), seed));
  const some = Float32Array.from({ length: 3 * 100 * 10 }, (_, k) => (k % 10 === 0 ? 0.55 : 0.05));
  const calibration = fitCalibration({ size: 100, members: 3, classes: 10, values: some }, new Int32Array(100));
  return toOnnx(tickets, { calibration: { ...calibration } });
}

beforeAll(async () => {
  const path = join(folder, 'digits.onnx');
  await writeFile(path, ensemble());
  server = await serve({ models: { digits: { path } }, port: 0 });
  client = connect(`${server.address}/`);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the client', () => {
  it('asks for health, models and what they take and give', async () => {
    expect([await client.live(), await client.ready(), await client.ready('digits'), await client.ready('digits', '1')]).toEqual(
      Array(4).fill(true),
    );
    expect(await client.ready('zebras')).toBe(false);
    expect((await client.server()).extensions).toContain('freetickets_uncertainty');
    expect(await client.models()).toEqual([{ name: 'digits', version: '1', state: 'READY' }]);
    const { inputs, outputs } = await client.model('digits');
    expect(inputs).toEqual([{ name: 'images', datatype: 'FP32', shape: [-1, 1, 28, 28] }]);
    expect(outputs[0]).toEqual({ name: 'probabilities', datatype: 'FP32', shape: [-1, 10] });
    expect((await client.config('digits')).name).toBe('digits');
  });
  it('gets the same numbers as bytes and as JSON', async () => {
    const binary = await client.infer('digits', { inputs: { images }, id: 'a', version: '1' });
    const json = await client.infer('digits', { inputs: { images }, id: 'a', binary: false });
    expect(binary).toMatchObject({ model: 'digits', version: '1', id: 'a' });
    expect(binary.outputs.member_probabilities!.shape).toEqual([3, 3, 10]);
    expect(json).toEqual(binary);
    expect((binary.outputs.probabilities!.data as Float32Array).reduce((a, b) => a + b, 0)).toBeCloseTo(3, 5);
  });
  it('asks for uncertainty, and for members one by one', async () => {
    const { outputs } = await client.infer('digits', { inputs: { images }, parameters: { uncertainty: true, members: false, alpha: 0.1 } });
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['mutual_information', 'conformal_set', 'abstain']));
    expect(outputs.conformal_set).toMatchObject({ datatype: 'BOOL', shape: [3, 10], data: expect.any(Uint8Array) });
    const early = await client.infer('digits', { inputs: { images }, parameters: { deadline_us: 10_000_000 } });
    expect(early.outputs.members_used).toMatchObject({ datatype: 'INT32', shape: [3, 1] });
    const named = await client.infer('digits', { inputs: { images }, outputs: ['ood_score', 'probabilities'] });
    expect(Object.keys(named.outputs)).toEqual(['ood_score', 'probabilities']);
  });
  it('sees the drift and the statistics that its requests made', async () => {
    const { samples, state, measures } = await client.drift('digits');
    expect(samples).toBe(3 * 4); // what was answered member by member does not count
    expect(state).toBe('collecting');
    expect(measures.confidence.counts.reduce((a, b) => a + b, 0)).toBe(samples);
    const { model_stats: stats } = (await client.statistics('digits')) as { model_stats: { inference_count: number }[] };
    expect(stats[0]!.inference_count).toBe(3 * 5);
  });
  it('throws the server’s sentence with its status', async () => {
    const wrong = (model: string, shape: readonly number[]) =>
      client.infer(model, { inputs: { images: { shape, data: new Float32Array(784) } } }).catch((error: unknown) => error);
    const refused = (await wrong('digits', [1, 1, 784])) as ServerError;
    expect(refused).toBeInstanceOf(ServerError);
    expect(refused.status).toBe(400);
    expect(refused.message).toContain('images');
    expect(await wrong('zebras', [1, 1, 28, 28])).toMatchObject({
      status: 404,
      message: "Request for unknown model: 'zebras' is not found",
    });
    const alpha = client.infer('digits', { inputs: { images }, parameters: { alpha: 7 } });
    await expect(alpha).rejects.toMatchObject({ status: 400, message: expect.stringContaining('parameters.alpha') });
  });
  it('gives up when it is told to', async () => {
    const stop = new AbortController();
    const call = client.infer('digits', { inputs: { images } }, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });
  it('says of a server that is not there that it is not live', async () => {
    const nowhere = connect('http://127.0.0.1:9');
    expect(await nowhere.live()).toBe(false);
    await expect(nowhere.server()).rejects.toThrow(TypeError);
  });
});
