/** The server's word against a request, with what HTTP says about it. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** 400: the request is at fault; 429: too much at once; 503: not ready; see the server's documentation. */
  readonly status: number;
  /** Seconds after which the same request may succeed, where the server says. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
