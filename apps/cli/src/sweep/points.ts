/** The combinations of a search: all of a grid in order, or some drawn at random, the same ones whenever the seed is the same. */
import { rng, SparseError } from '@freetickets/sparse-core';
import type { Range } from './sweep-block.ts';

/** Fields of an experiment that a search sets. */
export type Point = Readonly<Record<string, unknown>>;

/** What one choice of the search is between: values of a field, or cases of several. */
export interface Axis {
  readonly name: string;
  readonly choices: readonly Point[];
}

/** Every combination; the last axis changes fastest. */
export const gridPoints = (axes: readonly Axis[]): Point[] =>
  axes.reduce<Point[]>((points, { choices }) => points.flatMap((point) => choices.map((choice) => ({ ...point, ...choice }))), [{}]);

export interface Drawing {
  readonly axes: readonly Axis[];
  readonly ranges: Readonly<Record<string, Range>>;
  readonly count: number;
  readonly seed: number;
}

/** In a row, before it is taken that there are no other combinations. */
const REPEATS = 1000;

/**
 * @param at names the option or key that asked for so many
 * @returns `count` different combinations
 * @throws SparseError INVALID_CONFIG when there are fewer
 */
export function randomPoints(at: string, { axes, ranges, count, seed }: Drawing): Point[] {
  const found = new Map<string, Point>();
  for (let draw = 0, repeats = 0; found.size < count; draw++) {
    const point = drawnPoint(axes, ranges, seed, draw);
    const key = JSON.stringify(point);
    repeats = found.has(key) ? repeats + 1 : 0;
    found.set(key, point);
    if (repeats === REPEATS)
      throw new SparseError('INVALID_CONFIG', at, `at most ${found.size} trials, because that is how many combinations there are`, count);
  }
  return [...found.values()];
}

function drawnPoint(axes: readonly Axis[], ranges: Drawing['ranges'], seed: number, draw: number): Point {
  const streamOf = (name: string) => rng(seed).stream('trial', draw, name);
  const chosen = axes.map(({ name, choices }) => choices[streamOf(name).below(choices.length)]!);
  const numbers = Object.entries(ranges).map(([name, range]) => ({ [name]: valueIn(range, streamOf(name).uniform()) }));
  return Object.assign({}, ...chosen, ...numbers) as Point;
}

/**
 * @param share in [0, 1)
 * @returns the number so far into the range; four digits are enough for a search, and readable in the name of a folder
 */
export function valueIn({ kind, from, to }: Range, share: number): number {
  if (kind === 'integers') return from + Math.floor(share * (to - from + 1));
  const value = kind === 'uniform' ? from + share * (to - from) : from * (to / from) ** share;
  return Math.min(to, Math.max(from, Number(value.toPrecision(4))));
}
