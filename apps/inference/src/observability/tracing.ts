// OpenTelemetry: one span for each traced request, under the caller's span where it sent one, with spans for its time in the queue and in
// the model. Attributes say which model answered and how long it took, never what was asked. Without an exporter nothing is traced.

import { type Attributes, type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { CallContext, InferRequest, InferResponse } from '../service.ts';
import { explain } from '../service-error.ts';
import type { BatchRecord, RequestRecord } from './observer.ts';
import { TraceChoice } from './trace-settings.ts';

const propagator = new W3CTraceContextPropagator();

/** Sends spans to an OpenTelemetry collector, for example `http://127.0.0.1:4318/v1/traces`. */
export const otlpExporter = (url: string): SpanExporter => new OTLPTraceExporter({ url });

export class Tracing {
  readonly choice = new TraceChoice();
  readonly #provider: BasicTracerProvider | undefined;
  readonly #tracer: Tracer | undefined;

  /** @param service  name and version as they stand in the traces */
  constructor(exporter: SpanExporter | undefined, service: { readonly name: string; readonly version: string }) {
    if (exporter === undefined) return;
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': service.name, 'service.version': service.version }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    this.#tracer = this.#provider.getTracer('freetickets-inference', service.version);
  }

  /** Runs `work`, in a span if this request is to be traced; the context that it gets reports the request's times to the span. */
  async infer(request: InferRequest, context: CallContext, work: (context: CallContext) => Promise<InferResponse>): Promise<InferResponse> {
    const tracer = this.#tracer;
    const parent = tracer && this.#parentOf(request.model, context);
    if (parent === undefined) return work(context);
    const span = tracer!.startSpan(`infer ${request.model}`, { kind: SpanKind.SERVER, attributes: asked(request, context) }, parent);
    try {
      const response = await work({
        ...context,
        ...(span.isRecording() && { span: span.spanContext() }),
        timed: (record) => addTimes(tracer!, span, record),
      });
      span.setAttribute('model.version', response.version);
      return response;
    } catch (error) {
      const { reason, message } = explain(error);
      span.setAttribute('error.type', reason).setStatus({ code: SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      span.end();
    }
  }

  /** A span for a batch that is over, with links to the requests in it: it belongs to all of them, so to no trace of one. */
  batch({ model, version, rows, requests, totalNs, spans }: BatchRecord): void {
    if (this.#tracer === undefined || spans.length === 0) return;
    const end = performance.timeOrigin + performance.now();
    const attributes = { 'model.name': model, 'model.version': version, 'batch.rows': rows, 'batch.requests': requests };
    const links = spans.map((context) => ({ context }));
    this.#tracer.startSpan(`batch ${model}`, { attributes, links, startTime: end - totalNs / 1e6, root: true }).end(end);
  }

  /** Sends what is still here. */
  async close(): Promise<void> {
    await this.#provider?.shutdown();
  }

  /** What the request's span belongs under; undefined where it gets none. */
  #parentOf(model: string, { traceparent, tracestate }: CallContext): Context | undefined {
    const carrier = { traceparent, tracestate };
    const given = propagator.extract(ROOT_CONTEXT, carrier, { get: (from, key) => from[key as keyof typeof from], keys: Object.keys });
    if (trace.getSpanContext(given) !== undefined) return given;
    return this.choice.starts(model) ? ROOT_CONTEXT : undefined;
  }
}

const asked = ({ model, id }: InferRequest, { requestId }: CallContext): Attributes => ({
  'model.name': model,
  ...(id !== undefined && { 'request.id': id }),
  ...(requestId !== undefined && { 'http.request.header.x-request-id': requestId }),
});

/** Spans of what is over already: the times are known when the request has been answered. */
function addTimes(tracer: Tracer, request: Span, record: RequestRecord): void {
  const parent = trace.setSpan(ROOT_CONTEXT, request);
  const { rows, totalNs, queueNs, computeInputNs, computeInferNs, computeOutputNs } = record;
  request.setAttribute('batch.rows', rows);
  let at = performance.timeOrigin + performance.now() - totalNs / 1e6;
  const stages = [
    ['queue', queueNs],
    ['compute input', computeInputNs],
    ['compute infer', computeInferNs],
    ['compute output', computeOutputNs],
  ] as const;
  for (const [name, ns] of stages) {
    const end = at + ns / 1e6;
    if (ns > 0) tracer.startSpan(name, { startTime: at }, parent).end(end);
    at = end;
  }
}
