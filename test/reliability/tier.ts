/**
 * How many cases of a kind are tried: a few with every change (the default), many at night (RELIABILITY=nightly, by `tooling/reliability`). What was
 * tried is written down where RELIABILITY_OUT says, a JSON object a line.
 */
import { appendFileSync } from 'node:fs';

const NIGHTLY = process.env.RELIABILITY === 'nightly';
export const SEED = Number(process.env.RELIABILITY_SEED ?? 1);

export const tier = (always: number, nightly: number): number => (NIGHTLY ? nightly : always);

/** Every k-th of a list, so that so many are left; at night all. */
export function some<T>(all: readonly T[], always: number): readonly T[] {
  const every = NIGHTLY ? 1 : Math.max(1, Math.floor(all.length / always));
  return all.filter((_, i) => i % every === SEED % every);
}

/** To be called when all cases have passed. @param seen what else was seen */
export function record(id: string, cases: number, seen: string): void {
  const { RELIABILITY_OUT: out } = process.env;
  const line = { id, cases, seen, seed: SEED, date: new Date().toISOString().slice(0, 10) };
  if (out) appendFileSync(out, `${JSON.stringify(line)}\n`);
}
