/** Spans as they arrive at an OpenTelemetry collector: a server that takes OTLP over HTTP, here in the test. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext, InferRequest, InferResponse, SpanReference } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { otlpExporter, Tracing } from './tracing.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly status: { readonly code: number; readonly message?: string };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

let collector: Server;
let tracing: Tracing;
let bodies: string[];

beforeEach(async () => {
  bodies = [];
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  tracing = new Tracing(otlpExporter(`http://127.0.0.1:${port}/v1/traces`), { name: 'ours', version: '1.2.3' });
});
afterEach(() => new Promise((resolve) => collector.close(resolve)));

/** Ends the tracing; every span that was sent. */
async function spans(): Promise<readonly Span[]> {
  await tracing.close();
  type Export = { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
  return bodies.flatMap((body) =>
    (JSON.parse(body) as Export).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
}

const request: InferRequest = { model: 'm', id: 'r1', parameters: { secret: 'parameter' }, inputs: [], outputs: [] };
const response: InferResponse = { model: 'm', version: '2', outputs: [] };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const record = {
  model: 'm',
  version: '2',
  outcome: 'success',
  rows: 3,
  totalNs: 10e6,
  queueNs: 4e6,
  computeInputNs: 0,
  computeInferNs: 5e6,
  computeOutputNs: 1e6,
} as const;
const answer = async (context: CallContext): Promise<InferResponse> => {
  context.timed?.(record);
  return response;
};

const milliseconds = ({ startTimeUnixNano, endTimeUnixNano }: Span) => Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;

describe('a traced request', () => {
  it('joins the trace of its caller, with spans for where its time went', async () => {
    expect(await tracing.infer(request, { traceparent, requestId: 'q-1' }, answer)).toBe(response);
    const all = await spans();
    expect(all.map(({ traceId }) => traceId)).toEqual(Array(all.length).fill('0af7651916cd43dd8448eb211c80319c'));
    const [root, ...inner] = [...all].sort((a) => (a.parentSpanId === 'b7ad6b7169203331' ? -1 : 1));
    expect(root).toMatchObject({ name: 'infer m', kind: 2, parentSpanId: 'b7ad6b7169203331' });
    expect(Object.fromEntries(root!.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))).toEqual({
      'model.name': 'm',
      'model.version': '2',
      'request.id': 'r1',
      'batch.rows': 3,
      'http.request.header.x-request-id': 'q-1',
    });
    expect(inner.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(root!.spanId));
    const found = Object.fromEntries(inner.map((span) => [span.name, milliseconds(span)]));
    for (const [name, expected] of Object.entries({ queue: 4, 'compute infer': 5, 'compute output': 1 }))
      expect(found[name]).toBeCloseTo(expected, 2);
    const named = (name: string) => inner.find((span) => span.name === name)!;
    expect(Number(BigInt(named('compute infer').startTimeUnixNano) - BigInt(named('queue').endTimeUnixNano))).toBeLessThan(1e4);
  });

  it('that failed says why, in words that its caller saw', async () => {
    const fails = tracing.infer(request, { traceparent }, async () => {
      throw new ServiceError('queue-full', 'too much waits');
    });
    await expect(fails).rejects.toThrow('too much waits');
    const [span] = await spans();
    expect(span).toMatchObject({ status: { code: 2, message: 'too much waits' } });
    expect(span!.attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'queue-full' } });
  });

  it('holds no data', async () => {
    await tracing.infer(request, { traceparent }, answer);
    await spans();
    expect(bodies.join('')).toContain('"ours"');
    expect(bodies.join('')).not.toContain('secret');
  });
});

describe('a batch', () => {
  const batch = { ...record, requests: 3, totalNs: 8e6 };

  it('has a span that points to those of its requests, in a trace of its own', async () => {
    const members: SpanReference[] = [];
    const joins = async (context: CallContext) => {
      if (context.span) members.push(context.span);
      return answer(context);
    };
    await tracing.infer(request, { traceparent }, joins);
    await tracing.infer(request, { traceparent: traceparent.replace('00-0a', '00-1a') }, joins);
    await tracing.infer(request, {}, joins); // which is not traced
    tracing.batch({ ...batch, spans: members });
    const all = await spans();
    const found = all.find(({ name }) => name === 'batch m')!;
    const requests = all.filter(({ name }) => name === 'infer m');
    expect(found.links!.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(requests.map(({ traceId, spanId }) => [traceId, spanId]));
    expect(requests.map(({ traceId }) => traceId)).not.toContain(found.traceId);
    expect(found.parentSpanId).toBeUndefined();
    expect(milliseconds(found)).toBeCloseTo(8, 2);
    expect(Object.fromEntries(found.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))).toEqual({
      'model.name': 'm',
      'model.version': '2',
      'batch.rows': 3,
      'batch.requests': 3,
    });
  });

  it('has none where none of its requests is traced', async () => {
    tracing.batch({ ...batch, spans: [] });
    await tracing.infer(request, { traceparent: traceparent.replace(/01$/, '00') }, async (context) => {
      expect(context.span).toBeUndefined(); // its caller said that it is not to be traced
      return response;
    });
    expect(await spans()).toEqual([]);
  });
});

describe('what is traced', () => {
  it('is nothing of its own accord', async () => {
    await tracing.infer(request, {}, answer);
    expect(await spans()).toEqual([]);
  });

  it('is not what a caller marked as not sampled, nor what is no trace', async () => {
    await tracing.infer(request, { traceparent: traceparent.replace(/01$/, '00') }, answer);
    await tracing.infer(request, { traceparent: 'nonsense' }, answer);
    expect(await spans()).toEqual([]);
  });

  it('is every request that the settings choose', async () => {
    tracing.choice.update({ trace_level: ['TIMESTAMPS'], trace_rate: ['2'] });
    for (let i = 0; i < 4; i++) await tracing.infer({ ...request, id: String(i) }, {}, answer);
    const roots = (await spans()).filter(({ parentSpanId }) => !parentSpanId);
    expect(roots.map(({ attributes }) => attributes.find(({ key }) => key === 'request.id')!.value)).toEqual([
      { stringValue: '0' },
      { stringValue: '2' },
    ]);
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(2);
  });

  it('is nothing without a collector', async () => {
    const off = new Tracing(undefined, { name: 'ours', version: '1' });
    off.choice.update({ trace_level: ['TIMESTAMPS'], trace_rate: ['1'] });
    expect(await off.infer(request, { traceparent }, answer)).toBe(response);
    await off.close();
    expect(await spans()).toEqual([]);
  });
});
