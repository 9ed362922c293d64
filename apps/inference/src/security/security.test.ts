/** Who is let in: keys, scopes, rates and certificates, seen from outside by HTTP, and the gate's own table. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, type ServeOptions, serve } from '../serve.ts';
import { scopes } from './keys.ts';
import { RateLimiter } from './rate-limiter.ts';

const rows = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-rows.onnx', import.meta.url));
let folder: string;
let server: RunningServer | undefined;
const path = (file: string) => join(folder, file);

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const writeKeys = (keys: unknown) => writeFile(path('keys.json'), JSON.stringify({ keys }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freetickets-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => rm(folder, { recursive: true }));

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  server = await serve({ models: { rows: { path: rows } }, port: 0, threads: 1, logLevel: 'silent', ...options });
  return server;
}

const status = async (url: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  (await fetch(`${server!.address}${url}`, { ...init, headers })).status;

describe('restricted scopes', () => {
  const restrictedHttp = ['model-repository,statistics:admin-key=one=two', 'logging:Log-Key=three'];

  it('need the header that was agreed on, and the key as well', async () => {
    await writeKeys([{ name: 'app', sha256: sha256('secret-a'), scopes: ['statistics', 'metadata'] }]);
    await start({ restrictedHttp, keys: path('keys.json') });
    const key = { authorization: 'Bearer secret-a' };
    expect(await status('/v2', key)).toBe(200);
    expect(await status('/v2/models/stats', { ...key, 'admin-key': 'one=two' })).toBe(200);
    expect(await status('/v2/models/stats', { 'admin-key': 'one=two' })).toBe(401);
    for (const wrong of ['', 'one', 'three']) expect(await status('/v2/models/stats', { ...key, 'admin-key': wrong })).toBe(403);
    const response = await fetch(`${server!.address}/v2/models/stats`, { headers: key });
    expect(await response.json()).toEqual({ error: "statistics is restricted, expecting header 'admin-key'" });
    expect((await server!.service.metrics.page()).text).toMatch(/^ft_rejected_total\{reason="forbidden"\} 4$/m);
  });

  it('of gRPC are their own', async () => {
    await start({ restrictedGrpc: ['metadata:admin-key=one'], grpcPort: 0 });
    expect(await status('/v2')).toBe(200);
    const client = new Client(`127.0.0.1:${server!.grpcPort}`, credentials.createInsecure());
    const ask = (value?: string) => {
      const metadata = new Metadata();
      if (value !== undefined) metadata.set('triton-grpc-protocol-admin-key', value);
      const plain = (bytes: Buffer) => bytes;
      const path = '/inference.GRPCInferenceService/ServerMetadata';
      return new Promise((resolve) =>
        client.makeUnaryRequest(path, plain, plain, Buffer.alloc(0), metadata, (error) => resolve(error?.code)),
      );
    };
    expect([await ask('one'), await ask('two'), await ask()]).toEqual([
      undefined,
      grpcStatus.PERMISSION_DENIED,
      grpcStatus.PERMISSION_DENIED,
    ]);
    client.close();
  });

  it.each(['statistics', 'statistics:', 'statistics:key', 'everything:key=1', 'logging,logging:key=1'])(
    'are not read from %j',
    async (text) => {
      await expect(start({ restrictedHttp: [text] })).rejects.toMatchObject({ code: 'INVALID_CONFIG', at: '--http-restricted-api' });
    },
  );
});

describe('keys', () => {
  const usual = [
    { name: 'app', sha256: sha256('secret-a'), scopes: ['inference', 'metadata'] },
    { name: 'ops', sha256: sha256('secret-b'), scopes: ['*'] },
  ];

  it('let in by Bearer, Basic and X-API-Key, and nobody else', async () => {
    await writeKeys(usual);
    await start({ keys: path('keys.json') });
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    for (const headers of [
      { authorization: 'Bearer secret-a' },
      { authorization: 'bearer secret-a' },
      { 'x-api-key': 'secret-a' },
      basic('anybody:secret-a'),
      basic(':secret-a'),
    ])
      expect(await status('/v2/models/rows', headers)).toBe(200);
    const wrong: Record<string, string>[] = [
      {},
      { authorization: 'Bearer secret' },
      { authorization: 'Bearer secret-a ' + 'x' },
      { authorization: 'secret-a' },
    ];
    wrong.push(
      { authorization: 'Bearer' },
      { authorization: `Bearer ${sha256('secret-a')}` },
      { authorization: 'Digest secret-a' },
      { 'x-api-key': 'SECRET-A' },
    );
    wrong.push({ authorization: 'Bearer x', 'x-api-key': 'secret-a' }, basic('secret-a'), basic('secret-a:'), {
      authorization: 'Bearer secret-a, Bearer secret-a',
    });
    for (const headers of wrong) expect([headers, await status('/v2/models/rows', headers)]).toEqual([headers, 401]);
    const response = await fetch(`${server!.address}/v2`);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(Object.keys((await response.json()) as object)).toEqual(['error']);
    expect((await server!.service.metrics.page()).text).toMatch(/ft_rejected_total\{[^}]*unauthenticated[^}]*\} 13/);
  });

  it('open what their scopes say, whatever the address', async () => {
    await writeKeys(usual);
    await start({ keys: path('keys.json'), control: 'explicit', loadAtStart: ['*'] });
    const app = { authorization: 'Bearer secret-a' };
    const ops = { authorization: 'Bearer secret-b' };
    const forbidden = [
      '/v2/models/rows/config',
      '/v2/models/rows/stats',
      '/v2/models/stats',
      '/v2/logging',
      '/v2/trace/setting',
      '/v2/health/ready',
      '/v2/models/rows/ready',
    ];
    for (const url of forbidden) expect([url, await status(url, app), await status(url, ops)]).toEqual([url, 403, 200]);
    for (const url of ['/v2/repository/index', '/v2/repository/models/rows/load']) {
      expect([url, await status(url, app, { method: 'POST' }), await status(url, ops, { method: 'POST' })]).toEqual([url, 403, 200]);
    }
    expect(await status('/v2/models/rows', app)).toBe(200);
    expect(await status('/v2/models/rows/infer', app, { method: 'POST', body: '{}' })).toBe(400);
  });

  it('may be left out for health, for probes', async () => {
    await writeKeys(usual);
    await start({ keys: path('keys.json'), openHealth: true });
    expect([await status('/v2/health/live'), await status('/v2/health/ready'), await status('/v2')]).toEqual([200, 200, 401]);
  });

  it('are read again while the server runs; a broken file changes nothing', async () => {
    await writeKeys(usual);
    await start({ keys: path('keys.json') });
    await writeKeys([{ name: 'new', sha256: sha256('secret-c'), scopes: ['metadata'] }]);
    await server!.reloadKeys();
    expect([await status('/v2', { 'x-api-key': 'secret-a' }), await status('/v2', { 'x-api-key': 'secret-c' })]).toEqual([401, 200]);
    await writeFile(path('keys.json'), 'broken');
    await expect(server!.reloadKeys()).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    expect(await status('/v2', { 'x-api-key': 'secret-c' })).toBe(200);
  });

  it('have rates of their own, with the time to come again', async () => {
    await writeKeys([{ name: 'slow', sha256: sha256('s'), scopes: ['*'], ratePerSecond: 0.001, burst: 2 }, ...usual]);
    await start({ keys: path('keys.json') });
    expect([await status('/v2', { 'x-api-key': 's' }), await status('/v2', { 'x-api-key': 's' })]).toEqual([200, 200]);
    const response = await fetch(`${server!.address}/v2`, { headers: { 'x-api-key': 's' } });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(900);
    expect(await status('/v2', { 'x-api-key': 'secret-a' })).toBe(200);
  });

  it.each([
    ['no list', {}, 'keys'],
    ['none', [], 'keys'],
    ['a digest that is none', [{ name: 'a', sha256: 'secret', scopes: ['*'] }], 'sha256'],
    ['no scope', [{ name: 'a', sha256: sha256('a'), scopes: [] }], 'scopes'],
    ['an unknown scope', [{ name: 'a', sha256: sha256('a'), scopes: ['all'] }], 'scopes'],
    ['neither key nor certificate', [{ name: 'a', scopes: ['*'] }], 'keys[0]'],
    ['a name twice', [usual[0], usual[0]], 'keys'],
    ['an unknown field', [{ ...usual[0], role: 'x' }], 'keys[0]'],
    ['a rate of nothing', [{ ...usual[0], ratePerSecond: 0 }], 'ratePerSecond'],
    ['a name with a line end', [{ ...usual[0], name: 'a\nb' }], 'name'],
  ])('in a file with %s are refused, and the secret is not repeated', async (_what, keys, place) => {
    await writeKeys(keys);
    const error = await start({ keys: path('keys.json') }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(place) });
    expect((error as Error).message).not.toContain('"secret"');
  });
});

describe('addresses', () => {
  it('that others can reach need keys, certificates, or the word that this is meant', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('--insecure'),
    });
    await start({ host: '0.0.0.0', insecure: true });
    expect(server!.address).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  });

  it('have a rate, if that was chosen', async () => {
    await start({ addressRate: 1 });
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await status('/v2'));
    expect(answers[0]).toBe(200);
    expect(answers).toContain(429);
  });
});

describe('a rate', () => {
  it('allows a burst, then so many a second, and forgets who was quiet longest', () => {
    const limiter = new RateLimiter();
    const take = (now: number) => limiter.take('a', 2, 3, now);
    expect([take(0), take(0), take(0)]).toEqual([0, 0, 0]);
    expect(take(0)).toBe(0.5);
    expect(take(500)).toBe(0);
    expect(take(500)).toBe(0.5);
    expect([take(1e6), take(1e6), take(1e6), take(1e6)]).toEqual([0, 0, 0, 0.5]);
    for (let i = 0; i < 10_000; i++) limiter.take(`other ${i}`, 1, 1, 1e6);
    expect(take(1e6)).toBe(0);
  });
});

describe('certificates', () => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const sign = (name: string, by: string) => {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.crt`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-days',
      '2',
    );
  };
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
    );

  beforeAll(() => {
    for (const name of ['ours', 'theirs']) authority(name);
    for (const name of ['localhost', 'known', 'unknown']) sign(name, 'ours');
    sign('stranger', 'theirs');
  }, 60_000);

  const ask = (client: string | undefined, url = '/v2'): Promise<number> =>
    new Promise((resolve, reject) => {
      const read = (file: string) => execFileSync('cat', [path(file)]);
      const own = client === undefined ? {} : { key: read(`${client}.key`), cert: read(`${client}.crt`) };
      const asked = httpsRequest(
        `${server!.address}${url}`,
        { ca: read('ours.crt'), servername: 'localhost', checkServerIdentity: () => undefined, ...own },
        (response) => {
          response.resume();
          resolve(response.statusCode!);
        },
      );
      asked.once('error', reject);
      asked.end();
    });
  const tls = () => ({ tlsKey: path('localhost.key'), tlsCert: path('localhost.crt') });

  it('of the server make it https', async () => {
    await start(tls());
    expect(server!.address).toMatch(/^https:/);
    expect(await ask(undefined)).toBe(200);
  });

  it('of clients are asked for, and must be signed by the authority', async () => {
    await start({ ...tls(), tlsCa: path('ours.crt') });
    expect(await ask('known')).toBe(200);
    await expect(ask(undefined)).rejects.toThrow();
    await expect(ask('stranger')).rejects.toThrow();
  });

  it('stand for keys by their common names', async () => {
    await writeKeys([{ name: 'machine', certificate: 'known', scopes: ['metadata'] }]);
    await start({ ...tls(), tlsCa: path('ours.crt'), keys: path('keys.json') });
    expect([await ask('known'), await ask('known', '/v2/models/stats'), await ask('unknown')]).toEqual([200, 403, 401]);
  });

  it('are refused by halves', async () => {
    await expect(start({ tlsKey: path('localhost.key') })).rejects.toMatchObject({ code: 'INVALID_CONFIG', at: 'TLS' });
    await expect(start({ tlsKey: path('none'), tlsCert: path('localhost.crt') })).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });
});

it('knows every scope by the name of the protocol', () => {
  expect(scopes).toEqual(
    expect.arrayContaining(['health', 'metadata', 'inference', 'model-config', 'model-repository', 'statistics', 'trace', 'logging']),
  );
});
