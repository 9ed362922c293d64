// Why a request was not answered, in words that belong to no protocol. Each surface has one table from these reasons to its own
// status. Faults in a value stay SparseErrors (reason `invalid`); these are for what is no fault in a value: a full queue, a lost worker.

import { SparseError } from '@freetickets/sparse-core';

export type Reason =
  | 'invalid' // the request does not fit the protocol or the model
  | 'not-found' // no such model or version
  | 'too-large'
  | 'unauthenticated'
  | 'forbidden'
  | 'rate-limited' // the caller sends too much
  | 'queue-full' // the model or the server has too much waiting, in count or in bytes
  | 'timeout' // its time was over before it was computed
  | 'cancelled' // the caller went away
  | 'unavailable' // the model is loading or its workers are lost, or the server is shutting down
  | 'unsupported' // an extension that this server does not offer
  | 'failed'; // the model raised an error, or a fault of ours

export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly reason: Reason;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(reason: Reason, message: string, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    super(message, options);
    this.reason = reason;
    this.retryAfter = options.retryAfter;
  }
}

/** The reason and the sentence for a client. What nobody foresaw is `failed` and keeps its details to the log. */
export function explain(error: unknown): { readonly reason: Reason; readonly message: string; readonly retryAfter?: number } {
  if (error instanceof ServiceError) {
    const { reason, message, retryAfter } = error;
    return { reason, message, ...(retryAfter !== undefined && { retryAfter }) };
  }
  if (error instanceof SparseError) {
    const clients = error.code === 'INVALID_ARGUMENT' || error.code === 'SHAPE_MISMATCH';
    return { reason: clients ? 'invalid' : 'failed', message: error.message };
  }
  return { reason: 'failed', message: 'internal error' };
}
