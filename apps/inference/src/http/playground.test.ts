/** The page's own addresses; what it does in a browser is in test/browser. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fromOnnx } from '@freetickets/onnx-export';
import { decodeTicket } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, ensembleFile, SIDE } from '../../testing/ensemble-file.ts';
import { type RunningServer, serve } from '../serve.ts';

const foreign = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-types.onnx', import.meta.url));
let file: Awaited<ReturnType<typeof ensembleFile>>;
let server: RunningServer;
const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.address}${path}`, { headers, redirect: 'manual' });

beforeAll(async () => {
  file = await ensembleFile();
  server = await serve({ models: { pictures: { path: file.path }, types: { path: foreign } }, port: 0, threads: 1 });
});
afterAll(async () => {
  await server.close();
  await file.remove();
});

describe('the page', () => {
  it('is sent with a policy that lets it talk to its server alone', async () => {
    const response = await get('/playground/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'");
    const html = await response.text();
    expect(html).not.toMatch(/https?:\/\//);
    const script = /src="(\/playground\/assets\/[^"]+\.js)"/.exec(html)![1]!;
    const code = await get(script);
    expect(code.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(code.headers.get('cache-control')).toContain('immutable');
  });
  it('is found without the last slash', async () => {
    const response = await get('/playground');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/playground/']);
  });
  it.each(['/playground/../package.json', '/playground/..%2f..%2fpackage.json', '/playground/assets/none.js'])(
    'gives nothing else: %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );
  it('learns which models take pictures', async () => {
    const [model, ...others] = (await (await get('/playground/models')).json()) as { outputs: string[] }[];
    expect(others).toEqual([]);
    expect(model).toMatchObject({
      name: 'pictures',
      version: '1',
      input: 'images',
      shape: [1, SIDE, SIDE],
      classes: ['a', 'b', 'c', 'd', 'e'],
    });
    expect(model!.outputs).toEqual(expect.arrayContaining(['probabilities', 'abstain']));
  });
  it('gets the tickets that stand in the file, and its calibration', async () => {
    const sent = (await (await get('/playground/models/pictures/tickets')).json()) as { tickets: string[]; calibration: unknown };
    const states = sent.tickets.map((text) => decodeTicket(Buffer.from(text, 'base64'), 'sent').state);
    expect(states).toEqual(fromOnnx(await readFile(file.path), 'file'));
    expect(sent).toMatchObject({ calibration: file.calibration, normalization: null });
    expect(states[0]!.values.get('fc.bias')).toHaveLength(CLASSES);
  });
  it('is told in a sentence what cannot be computed in it', async () => {
    expect(await (await get('/playground/models/none/tickets')).json()).toEqual({
      error: "Request for unknown model: 'none' is not found",
    });
    const other = await get('/playground/models/types/tickets');
    expect(other.status).toBe(400);
    expect(await other.json()).toEqual({ error: expect.stringContaining('a model exported by FreeTickets') });
  });
});

describe('with keys', () => {
  it('the page is for everybody, models and tickets are for those who may', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const keys = `${file.path}.keys.json`;
    await writeFile(keys, JSON.stringify({ keys: [{ name: 'app', sha256: sha256('secret'), scopes: ['metadata'] }] }));
    const guarded = await serve({ models: { pictures: { path: file.path } }, port: 0, threads: 1, keys, logLevel: 'silent' });
    const status = async (path: string, headers = {}) => (await fetch(guarded.address + path, { headers })).status;
    const key = { authorization: 'Bearer secret' };
    expect(await status('/playground/')).toBe(200);
    expect([await status('/playground/models'), await status('/playground/models', key)]).toEqual([401, 200]);
    expect(await status('/playground/models/pictures/tickets', key)).toBe(403);
    await guarded.close();
    await rm(keys);
  });
  it('can be left out', async () => {
    const bare = await serve({ models: { pictures: { path: file.path } }, port: 0, threads: 1, playground: false });
    expect((await fetch(`${bare.address}/playground/`)).status).toBe(404);
    await bare.close();
  });
});
