// Does what comes in still look like the data that the model was validated on? Of every answer three numbers are counted into bins that
// each held a tenth of the validation data, and the population stability index tells how far the two histograms are apart.

import { SparseError } from '@freetickets/sparse-core';

/** Numbers of an answer that are watched. */
export const WATCHED = ['entropy', 'confidence', 'ood_score'] as const;
export type Watched = (typeof WATCHED)[number];

/** A histogram: bin k is [edges[k - 1], edges[k]), the first and the last without end. */
export interface Reference {
  /** Rising, one fewer than bins. */
  readonly edges: readonly number[];
  /** Of the validation data in each bin; together 1. */
  readonly shares: readonly number[];
}

export type References = Readonly<Record<Watched, Reference>>;

/** In each bin, of each watched number. */
export type Counts = Readonly<Record<Watched, readonly number[]>>;

const BINS = 10;

/** Bins that hold equal parts of `values`, as far as ties let them. */
export function referenceOf(values: Float64Array): Reference {
  const sorted = values.toSorted();
  const quantiles = Array.from({ length: BINS - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / BINS)]!);
  const edges = [...new Set(quantiles)].filter((edge) => edge > sorted[0]!);
  const counts = countInto({ edges, shares: [] }, values);
  return { edges, shares: counts.map((count) => count / values.length) };
}

/** How many of `values` lie in each bin. */
export function countInto({ edges }: Reference, values: Float64Array): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value >= edges[bin]!) bin++;
    counts[bin]!++;
  }
  return counts;
}

export const added = (a: readonly number[], b: readonly number[]): number[] => a.map((count, k) => count + b[k]!);

/**
 * Population stability index, sum of (p - q) ln(p / q) over bins; 0 for equal shares. Half a sample is added to every bin, so that empty
 * ones count as what they are: unknown, not impossible.
 */
export function stabilityIndex({ shares }: Reference, counts: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0) + counts.length / 2;
  const floor = 0.5 / total;
  const whole = 1 + floor * shares.length;
  return counts.reduce((sum, count, k) => {
    const p = (count + 0.5) / total;
    const q = (shares[k]! + floor) / whole;
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}

export type DriftState = 'collecting' | 'stable' | 'moderate' | 'shifted';

export interface DriftOf {
  readonly edges: readonly number[];
  readonly reference: readonly number[];
  readonly counts: readonly number[];
  readonly psi: number;
}

/** The object that the server answers with. */
export interface DriftReport {
  /** By the largest index: below 0.1 `stable`, from 0.25 on `shifted`; `collecting` while there are fewer than 200 answers. */
  readonly state: DriftState;
  /** Answers counted: the latest, between half a window and a whole one. */
  readonly samples: number;
  readonly window: number;
  readonly measures: Readonly<Record<Watched, DriftOf>>;
}

const FEWEST = 200;
const WINDOW = 10_000;

/** Counts of the latest answers of one model version. Workers count, this adds up: half a window that fills, and the half before it. */
export class DriftMonitor {
  readonly #references: References;
  readonly #window: number;
  #before: Counts;
  #now: Counts;

  /** @param window answers that are looked back on, at most */
  constructor(references: References, window = WINDOW) {
    if (!Number.isInteger(window) || window < 2)
      throw new SparseError('INVALID_ARGUMENT', 'window', 'a whole number of at least 2', window);
    this.#references = references;
    this.#window = window;
    this.#before = this.#zero();
    this.#now = this.#zero();
  }

  add(counts: Counts): void {
    this.#now = byMeasure((measure) => added(this.#now[measure], counts[measure]));
    if (samplesIn(this.#now) < this.#window / 2) return;
    this.#before = this.#now;
    this.#now = this.#zero();
  }

  report(): DriftReport {
    const measures = byMeasure((measure): DriftOf => {
      const { edges, shares } = this.#references[measure];
      const counts = added(this.#before[measure], this.#now[measure]);
      return { edges, reference: shares, counts, psi: stabilityIndex(this.#references[measure], counts) };
    });
    const samples = measures.entropy.counts.reduce((a, b) => a + b, 0);
    const worst = Math.max(...WATCHED.map((measure) => measures[measure].psi));
    const state = samples < FEWEST ? 'collecting' : worst < 0.1 ? 'stable' : worst < 0.25 ? 'moderate' : 'shifted';
    return { state, samples, window: this.#window, measures };
  }

  #zero(): Counts {
    return byMeasure((measure) => this.#references[measure].shares.map(() => 0));
  }
}

export const byMeasure = <Value>(of: (measure: Watched) => Value): Readonly<Record<Watched, Value>> => ({
  entropy: of('entropy'),
  confidence: of('confidence'),
  ood_score: of('ood_score'),
});

const samplesIn = ({ entropy }: Counts): number => entropy.reduce((a, b) => a + b, 0);
