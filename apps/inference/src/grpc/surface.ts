// What the parts of the gRPC surface have in common.

import { Metadata } from '@grpc/grpc-js';
import type { Gate, InferenceService } from '../service.ts';
import { explain } from '../service-error.ts';
import { type GrpcStatus, statusOf } from './status.ts';

/** What the handlers work with. */
export interface Surface {
  readonly service: InferenceService;
  readonly gate: Gate;
  /** Answer a full queue and a timeout with UNAVAILABLE, as Triton does. */
  readonly tritonStatus?: boolean;
  /** Told of calls that failed by no fault of the caller. */
  readonly onFailure?: (error: unknown, call: { readonly rpc: string; readonly requestId?: string }) => void;
}

/** The status that a failed call ends with. */
export function failure(error: unknown, surface: Surface, rpc: string, requestId?: string): GrpcStatus {
  const { reason, retryAfter } = explain(error);
  if (reason === 'failed') surface.onFailure?.(error, { rpc, ...(requestId !== undefined && { requestId }) });
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set('x-request-id', requestId);
  if (retryAfter !== undefined) metadata.set('retry-after', String(retryAfter));
  const { code, details } = statusOf(error, surface.tritonStatus);
  return { code, details, metadata };
}
