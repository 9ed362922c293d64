/**
 * An error with an HTTP status, for what is no fault in a value and so no SparseError: a model that is away, a full queue.
 * Fastify reads `statusCode` and `headers`; the message goes to the client as it is.
 */
export interface HttpError extends Error {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

export const httpError = (statusCode: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpError =>
  Object.assign(new Error(message), { statusCode, headers });
