// Token buckets: each name may make `burst` calls at once and `ratePerSecond` in the long run.

/** Names that are remembered at a time; who has been quiet longest is forgotten first, and starts with a full bucket again. */
const maxNames = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();

  /**
   * Takes one call of a name's rate.
   *
   * @param now  milliseconds on any clock
   * @returns 0 when it may go on, else the seconds until it may
   */
  take(name: string, ratePerSecond: number, burst = Math.max(1, ratePerSecond), now = performance.now()): number {
    const { tokens, at } = this.#buckets.get(name) ?? { tokens: burst, at: now };
    const filled = Math.min(burst, tokens + ((now - at) / 1000) * ratePerSecond);
    const allowed = filled >= 1;
    this.#buckets.delete(name); // so that it becomes the newest
    this.#buckets.set(name, { tokens: allowed ? filled - 1 : filled, at: now });
    if (this.#buckets.size > maxNames) this.#buckets.delete(this.#buckets.keys().next().value!);
    return allowed ? 0 : (1 - filled) / ratePerSecond;
  }
}
