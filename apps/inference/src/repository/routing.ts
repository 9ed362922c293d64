// Which version answers a request that names none, or names an alias: `routing.json` in a model's folder.
//
//   { "aliases": { "stable": "1", "canary": "2" }, "split": { "stable": 0.9, "canary": 0.1 }, "shadow": { "3": 0.5 } }
//
// A share of `shadow` is computed as well, after the answer's own version, and thrown away: its statistics are what it is for.

import { SparseError } from '@freetickets/sparse-core';
import { versionName } from './names.ts';

export interface Routing {
  readonly aliases: Readonly<Record<string, string>>;
  /** Shares of the requests that name no version, by alias or version; they add up to 1. */
  readonly split: Readonly<Record<string, number>>;
  /** Share of the requests that are computed a second time, by alias or version. */
  readonly shadow: Readonly<Record<string, number>>;
}

export const noRouting: Routing = { aliases: {}, split: {}, shadow: {} };
const aliasName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** @throws SparseError INVALID_CONFIG */
export function readRouting(text: string, at: string): Routing {
  const given = record(parse(text, at), at);
  const odd = Object.keys(given).find((key) => !['aliases', 'split', 'shadow'].includes(key));
  if (odd !== undefined) throw new SparseError('INVALID_CONFIG', at, 'the keys aliases, split and shadow', odd);
  const aliases = Object.fromEntries(
    Object.entries(record(given.aliases ?? {}, `${at}: aliases`)).map(([alias, version]) => {
      if (!aliasName.test(alias)) throw new SparseError('INVALID_CONFIG', `${at}: aliases`, `names like ${aliasName.source}`, alias);
      if (!versionName.test(String(version)))
        throw new SparseError('INVALID_CONFIG', `${at}: aliases.${alias}`, 'a version such as "1"', version);
      return [alias, String(version)];
    }),
  );
  const split = shares(given.split, `${at}: split`, aliases);
  const sum = Object.values(split).reduce((total, share) => total + share, 0);
  if (Object.keys(split).length > 0 && Math.abs(sum - 1) > 1e-9)
    throw new SparseError('INVALID_CONFIG', `${at}: split`, 'shares that add up to 1', sum);
  return { aliases, split, shadow: shares(given.shadow, `${at}: shadow`, aliases) };
}

function shares(value: unknown, at: string, aliases: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  const given = record(value ?? {}, at);
  for (const [name, share] of Object.entries(given)) {
    if (!(Object.hasOwn(aliases, name) || versionName.test(name))) throw new SparseError('INVALID_CONFIG', at, 'aliases or versions', name);
    if (!(typeof share === 'number' && share >= 0 && share <= 1))
      throw new SparseError('INVALID_CONFIG', `${at}.${name}`, 'a share from 0 to 1', share);
  }
  return given as Readonly<Record<string, number>>;
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SparseError('INVALID_CONFIG', at, 'JSON', error);
  }
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, '__proto__'))
    return value as Readonly<Record<string, unknown>>;
  throw new SparseError('INVALID_CONFIG', at, 'an object', value);
}

/** Gives each name its share of the calls, evenly spread and without chance: whoever is furthest behind is next. */
export class Turns {
  readonly #shares: Readonly<Record<string, number>>;
  readonly #credit = new Map<string, number>();

  constructor(shares: Readonly<Record<string, number>>) {
    this.#shares = shares;
  }

  /** One name for this call, of shares that add up to 1; undefined where there are none. */
  next(): string | undefined {
    const names = this.#earn();
    const best = names.reduce<string | undefined>(
      (most, name) => (most === undefined || this.#of(name) > this.#of(most) ? name : most),
      undefined,
    );
    if (best !== undefined) this.#credit.set(best, this.#of(best) - 1);
    return best;
  }

  /** Every name whose turn it is, each by its own share. */
  due(): readonly string[] {
    const due = this.#earn().filter((name) => this.#of(name) >= 1 - 1e-9);
    for (const name of due) this.#credit.set(name, this.#of(name) - 1);
    return due;
  }

  #earn(): readonly string[] {
    const names = Object.keys(this.#shares);
    for (const name of names) this.#credit.set(name, this.#of(name) + this.#shares[name]!);
    return names;
  }

  #of(name: string): number {
    return this.#credit.get(name) ?? 0;
  }
}
