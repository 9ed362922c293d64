/** What reference implementations say of one set of predictions: golden.json, written by tooling/golden/make_metrics.py. */
import { readFileSync } from 'node:fs';
import type { Prediction } from '@freetickets/sparse-core';

type Table = readonly (readonly number[])[];
type Record1 = Readonly<Record<string, number>>;

interface Golden {
  readonly shape: { readonly samples: number; readonly classes: number; readonly members: number; readonly parts: number };
  readonly counts: readonly number[];
  readonly logits64: readonly number[];
  readonly labels: readonly number[];
  readonly plain: Record1;
  readonly calibration: Record1;
  readonly selective: Record1 & { readonly risk: readonly number[] };
  readonly temperature: {
    readonly members: readonly number[];
    readonly pool: number;
    readonly members_first_probs: Table;
    readonly pool_first_probs: Table;
  };
  readonly conformal: Readonly<
    Record<'thr' | 'aps' | 'raps', { readonly scores: Table; readonly threshold: number; readonly sizes: readonly number[] }>
  >;
  readonly uncertainty: Readonly<Record<'total' | 'aleatoric' | 'epistemic' | 'variation_ratio' | 'energy', readonly number[]>>;
  readonly neighbours: { readonly bank: Table; readonly queries: Table; readonly unit: readonly number[]; readonly raw: readonly number[] };
  readonly detection: Record1 & { readonly in16: readonly number[]; readonly out16: readonly number[] };
  readonly diversity: { readonly disagreement: number } & Readonly<Record<'kl' | 'js' | 'kappa_class' | 'kappa_correct' | 'q', Table>>;
  readonly paired: Readonly<Record<'a' | 'b' | 'tied' | 'long', readonly number[]>> &
    Readonly<Record<'t' | 'wilcoxon' | 'wilcoxon_tied' | 'wilcoxon_long' | 'sign' | 'sign_long', Record1>>;
  readonly bootstrap: Readonly<Record<'data' | 'distribution', readonly number[]>> & Readonly<Record<'percentile' | 'BCa', Record1>>;
  readonly distributions: Readonly<Record<'student' | 'student_half_width' | 'normal' | 'normal_quantile', Table>>;
}

export const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden;

const { samples: size, classes, members, parts } = golden.shape;
const memberProbs = Float32Array.from(golden.counts, (count) => count / parts); // exact: counts of at most 2^16 parts
const probs = Float32Array.from({ length: size * classes }, (_, k) => {
  let sum = 0;
  for (let m = 0; m < members; m++) sum += golden.counts[m * size * classes + k]!;
  return sum / (members * parts);
});

export const prediction: Prediction = { size, classes, members, probs, memberProbs };
export const labels = Int32Array.from(golden.labels);
/** One array (samples, classes) for each member. */
export const memberLogits = Array.from({ length: members }, (_, m) =>
  Float64Array.from(golden.logits64.slice(m * size * classes, (m + 1) * size * classes), (value) => value / 64),
);
