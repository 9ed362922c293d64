import { SparseError } from '@freetickets/sparse-core';

/** The numbers of a JSON object, each checked as it is taken. */
export class JsonFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #at: string;

  constructor(values: unknown, at: string) {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new SparseError('BAD_FILE', at, 'an object', values);
    this.#values = values as Record<string, unknown>;
    this.#at = at;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  fields(name: string): JsonFields {
    return new JsonFields(this.#values[name], `${this.#at}.${name}`);
  }

  number(name: string): number {
    return this.#take(name, 'a number of at least 0', (value) => Number.isFinite(value) && value >= 0);
  }

  count(name: string): number {
    return this.#take(name, 'a whole number of at least 0', (value) => Number.isSafeInteger(value) && value >= 0);
  }

  integer(name: string): number {
    return this.#take(name, 'a whole number', Number.isSafeInteger);
  }

  #take(name: string, expected: string, fits: (value: number) => boolean): number {
    const value = this.#values[name];
    if (!fits(value as number)) throw new SparseError('BAD_FILE', `${this.#at}.${name}`, expected, value);
    return value as number;
  }
}
