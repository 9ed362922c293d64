// From reasons to HTTP statuses, ours or Triton's.

import type { Reason } from '../service-error.ts';

const ours: Readonly<Record<Reason, number>> = {
  invalid: 400,
  'not-found': 404,
  'too-large': 413,
  unauthenticated: 401,
  forbidden: 403,
  'rate-limited': 429,
  'queue-full': 429,
  timeout: 504,
  cancelled: 499, // nobody is there to read it; the log does
  unavailable: 503,
  unsupported: 501,
  failed: 500,
};

/** Where Triton answers otherwise; for clients and load balancers that count on it. */
const tritons: Readonly<Partial<Record<Reason, number>>> = { 'queue-full': 503, timeout: 503, cancelled: 400, 'too-large': 400 };

export const httpStatus = (reason: Reason, tritonStatus: boolean): number => (tritonStatus && tritons[reason]) || ours[reason];
