/** Our answers beside those of real Triton, to every request of the corpus: the same field by field, or different by a written rule. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareGrpc, compareHttp, type Difference } from './compare.ts';
import { askHttp, bytesOf, type GrpcExchange, type HttpExchange, recorded } from './corpus.ts';
import { type Deliberate, deliberate, grpcDifferences, httpDifferences } from './differences.ts';
import { GrpcClient } from './grpc-client.ts';
import { type Server, startServer } from './server.ts';

let server: Server;
let client: GrpcClient;
beforeAll(async () => {
  server = await startServer(['--model-control-mode', 'explicit', '--load-model', '*', '--log-level', 'info']);
  client = new GrpcClient(server.grpc);
});
afterAll(() => {
  client?.close();
  return server?.stop();
});

/** Fails unless the differences of one exchange fall under a rule, and remembers that rule. */
function judge(
  rules: readonly Deliberate[],
  used: Set<Deliberate>,
  name: string,
  differences: readonly Difference[],
  answer: string,
): void {
  if (differences.length === 0) return;
  const rule = deliberate(rules, name, differences);
  if (rule) used.add(rule);
  else expect({ differences, answer }).toEqual({ differences: [] });
}

describe('HTTP', () => {
  const used = new Set<Deliberate>();
  // In order: some requests load, unload and change settings.
  it.each(recorded<HttpExchange>('triton-http.json').map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    async (name, exchange) => {
      const ours = await askHttp(server.http, exchange);
      judge(httpDifferences, used, name, compareHttp(exchange.answer, ours), bytesOf(ours)!.toString());
    },
  );

  it('differs from Triton in every way that is written down', () => {
    expect(httpDifferences.filter((rule) => !used.has(rule))).toEqual([]);
  });
});

describe('gRPC', () => {
  const used = new Set<Deliberate>();
  it.each(recorded<GrpcExchange>('triton-grpc.json').map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    async (name, exchange) => {
      const { rpc, base64, answer } = exchange;
      const ours = await client.call(`inference.GRPCInferenceService/${rpc}`, Buffer.from(base64, 'base64'));
      judge(grpcDifferences, used, name, compareGrpc(rpc, answer, ours), ours.details ?? '');
    },
  );

  it('differs from Triton in every way that is written down', () => {
    expect(grpcDifferences.filter((rule) => !used.has(rule))).toEqual([]);
  });
});

it('differs in no way that docs/serving.md does not name', () => {
  const text = readFileSync(new URL('../../docs/serving.md', import.meta.url), 'utf8');
  expect([...httpDifferences, ...grpcDifferences].filter(({ sentence }) => !text.includes(sentence))).toEqual([]);
});
