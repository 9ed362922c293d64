/** The built server over gRPC: certificates, keys, limits, traces from caller to collector, and the end. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encode, GrpcClient } from './grpc-client.ts';
import { type Server, startServer } from './server.ts';

const service = 'inference.GRPCInferenceService';
const infer = (rows = 1): Uint8Array =>
  encode('inference.ModelInferRequest', {
    model_name: 'digits',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, 4] }],
    raw_input_contents: [new Uint8Array(16 * rows)],
  });
const nothing = new Uint8Array();

let folder: string;
const path = (name: string): string => join(folder, name);
let server: Server | undefined;
let client: GrpcClient | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'grpc-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  client?.close();
  await server?.stop();
  [client, server] = [undefined, undefined];
});

const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

/** A key and a certificate with this common name, signed by `ours`; that one signs itself. */
function certify(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
  if (name === 'ours') return void openssl('req', '-x509', ...subject, '-out', 'ours.crt', '-days', '2');
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  openssl('req', ...subject, '-out', `${name}.csr`);
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ours.crt',
    '-CAkey',
    'ours.key',
    '-CAcreateserial',
    '-out',
    `${name}.crt`,
    '-days',
    '2',
    '-extfile',
    'names',
  );
}

describe('certificates', () => {
  beforeAll(() => ['ours', 'localhost', 'known', 'unknown'].forEach(certify), 60_000);
  const pem = (name: string) => readFileSync(path(name));
  const ask = async (name: string | undefined, rpc: string): Promise<string> => {
    const own = name === undefined ? ([null, null] as const) : ([pem(`${name}.key`), pem(`${name}.crt`)] as const);
    const caller = new GrpcClient(server!.grpc, credentials.createSsl(pem('ours.crt'), ...own), {
      'grpc.ssl_target_name_override': 'localhost',
    });
    const { status } = await caller.call(`${service}/${rpc}`, nothing);
    caller.close();
    return status;
  };

  it('are asked for, and stand for keys by their common names', async () => {
    writeFileSync(path('certificates.json'), JSON.stringify({ keys: [{ name: 'machine', certificate: 'known', scopes: ['metadata'] }] }));
    const files = ['--tls-key', path('localhost.key'), '--tls-cert', path('localhost.crt'), '--tls-ca', path('ours.crt')];
    server = await startServer([...files, '--keys', path('certificates.json')]);
    expect(await ask('known', 'ServerMetadata')).toBe('OK');
    expect(await ask('known', 'ModelStatistics')).toBe('PERMISSION_DENIED');
    expect(await ask('unknown', 'ServerMetadata')).toBe('UNAUTHENTICATED');
    expect(await ask(undefined, 'ServerMetadata')).toBe('UNAVAILABLE');
  });
});

it('keys count in metadata, and every refusal is counted', async () => {
  const sha256 = createHash('sha256').update('secret').digest('hex');
  writeFileSync(path('keys.json'), JSON.stringify({ keys: [{ name: 'app', sha256, scopes: ['inference', 'metrics'] }] }));
  server = await startServer(['--keys', path('keys.json'), '--open-health']);
  client = new GrpcClient(server.grpc);
  const with_ = (name: string, value: string) => {
    const metadata = new Metadata();
    metadata.set(name, value);
    return metadata;
  };
  const ask = async (rpc: string, metadata?: Metadata) =>
    (await client!.call(rpc, rpc.endsWith('Infer') ? infer() : nothing, metadata)).status;
  expect(await ask(`${service}/ModelInfer`)).toBe('UNAUTHENTICATED');
  expect(await ask(`${service}/ModelInfer`, with_('authorization', 'Bearer wrong'))).toBe('UNAUTHENTICATED');
  expect(await ask(`${service}/ModelInfer`, with_('authorization', 'Bearer secret'))).toBe('OK');
  expect(await ask(`${service}/ModelInfer`, with_('x-api-key', 'secret'))).toBe('OK');
  expect(await ask(`${service}/LogSettings`, with_('x-api-key', 'secret'))).toBe('PERMISSION_DENIED');
  expect(await ask('grpc.health.v1.Health/Check')).toBe('OK');
  expect(await ask(`${service}/ServerLive`)).toBe('OK');
  const page = await fetch(`http://127.0.0.1:${server.metrics}/metrics`, { headers: { authorization: 'Bearer secret' } });
  const text = await page.text();
  expect(text).toMatch(/^ft_rejected_total\{reason="unauthenticated"\} 2$/m);
  expect(text).toMatch(/^ft_rejected_total\{reason="forbidden"\} 1$/m);
});

it('takes no message larger than a body over HTTP may be', async () => {
  server = await startServer(['--max-body-bytes', '100000']);
  client = new GrpcClient(server.grpc);
  expect((await client.call(`${service}/ModelInfer`, infer(5000))).status).toBe('OK');
  expect((await client.call(`${service}/ModelInfer`, infer(7000))).status).toBe('RESOURCE_EXHAUSTED');
  expect((await client.call(`${service}/ModelInfer`, infer())).status).toBe('OK');
});

it('HTTP and gRPC requests join the traces of their callers', async () => {
  let sent = '';
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      sent += chunk;
    });
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  server = await startServer(['--otlp-url', `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`]);
  client = new GrpcClient(server.grpc);
  const traceparent = (id: string) => `00-${id.repeat(32)}-${id.repeat(16)}-01`;
  const metadata = new Metadata();
  metadata.set('traceparent', traceparent('a'));
  await client.call(`${service}/ModelInfer`, infer(), metadata);
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [0, 0, 0, 0] }] });
  const url = `http://127.0.0.1:${server.http}/v2/models/digits/infer`;
  await fetch(url, { method: 'POST', body, headers: { traceparent: traceparent('b') } });
  await fetch(url, { method: 'POST', body });
  expect(await server.stop()).toBe(0); // which sends what is left
  await new Promise((resolve) => collector.close(resolve));
  const traces = [...sent.matchAll(/"traceId":"(\w+)"/g)].map(([, id]) => id);
  expect([...new Set(traces)].sort()).toEqual(expect.arrayContaining(['a'.repeat(32), 'b'.repeat(32)]));
  expect(new Set(traces).size).toBe(4); // those two, and one for each batch that had one of them in it
  for (const id of ['a', 'b']) expect(sent).toContain(`"parentSpanId":"${id.repeat(16)}"`);
  for (const name of ['infer digits', 'queue', 'compute infer', 'batch digits']) expect(sent).toContain(`"name":"${name}"`);
});

it('ends with code 0 where clients are connected and idle, without waiting for them', async () => {
  server = await startServer(['--drain-timeout', '3600']);
  client = new GrpcClient(server.grpc);
  expect((await client.call(`${service}/ModelInfer`, infer())).status).toBe('OK');
  expect(await server.stop()).toBe(0);
  expect((await client.call(`${service}/ServerLive`, nothing)).status).toBe('UNAVAILABLE');
});
