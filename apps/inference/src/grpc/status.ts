// Reasons of service-error.ts as gRPC statuses.

import { type Metadata, status } from '@grpc/grpc-js';
import { explain, type Reason } from '../service-error.ts';

const codes: Readonly<Record<Reason, status>> = {
  invalid: status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'too-large': status.RESOURCE_EXHAUSTED,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'rate-limited': status.RESOURCE_EXHAUSTED,
  'queue-full': status.RESOURCE_EXHAUSTED,
  timeout: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  unavailable: status.UNAVAILABLE,
  unsupported: status.UNIMPLEMENTED,
  failed: status.INTERNAL,
};

/** What Triton answers where ours says more; for clients that were written for it (`--triton-status`). */
const tritonCodes: Partial<Record<Reason, status>> = { 'queue-full': status.UNAVAILABLE, timeout: status.UNAVAILABLE };

export interface GrpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The status of an error, and whether nobody foresaw it. */
export function statusOf(error: unknown, tritonStatus = false): GrpcStatus & { readonly reason: Reason } {
  const { reason, message } = explain(error);
  return { reason, code: (tritonStatus ? tritonCodes[reason] : undefined) ?? codes[reason], details: message };
}
