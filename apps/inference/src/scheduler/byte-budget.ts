/** How many bytes of requests the whole server keeps waiting; counts alone would not bound memory. */
export class ByteBudget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether there is room. */
  fits(bytes: number): boolean {
    return this.#used + bytes <= this.limit;
  }

  /** Whether there was room, which is then taken. */
  take(bytes: number): boolean {
    if (!this.fits(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
