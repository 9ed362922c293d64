// From a gRPC call to the words of service.ts: who calls, how long they will wait, and whether they are still there.

import { randomUUID } from 'node:crypto';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { CallContext, Caller, Credentials } from '../service.ts';

/** What unary and streaming calls have in common. */
export interface AnyCall extends Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'getDeadline' | 'getAuthContext'> {
  on(event: 'cancelled', listener: () => void): unknown;
}

/** What the gate looks at. */
export function credentialsOf(call: Pick<AnyCall, 'getPeer' | 'getAuthContext'>, metadata: Metadata): Credentials {
  const subject = call.getAuthContext().sslPeerCertificate?.subject?.CN;
  const certificate = Array.isArray(subject) ? subject[0] : subject;
  return {
    address: addressOf(call.getPeer()),
    header: (name) => textOf(metadata, name),
    ...(certificate !== undefined && { certificate }),
  };
}

/** The one reason of all aborts: making an error for each costs more than the rest of a call's context. */
const gone = new Error('the caller went away');

/** A context whose signal is aborted when the caller cancels, goes away or runs out of time. */
export function contextOf(call: AnyCall, caller: Caller): CallContext {
  const { metadata } = call;
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort(gone));
  const deadline = deadlineOf(call);
  const traceparent = textOf(metadata, 'traceparent');
  const tracestate = textOf(metadata, 'tracestate');
  return {
    signal: controller.signal,
    ...(deadline !== undefined && { deadline }),
    requestId: requestIdOf(metadata),
    caller,
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}

/** The caller's own id where it is fit for a log line. */
function requestIdOf(metadata: Metadata): string {
  const given = textOf(metadata, 'x-request-id');
  return given !== undefined && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** gRPC counts in milliseconds since 1970, the service on the clock that nobody turns back. */
function deadlineOf(call: AnyCall): number | undefined {
  const deadline = Number(call.getDeadline());
  return Number.isFinite(deadline) ? performance.now() + deadline - Date.now() : undefined;
}

/** `127.0.0.1:5000` and `[::1]:5000` without the port. */
const addressOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
