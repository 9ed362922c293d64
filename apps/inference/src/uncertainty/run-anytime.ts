// Members one after the other: after each, samples whose answer stands leave the batch, and the next member sees only the others.

import type { Tensor, TensorData } from '../tensor.ts';
import { type MemberProbabilities, take } from './member-probabilities.ts';
import { leadOf, type StoppingRule } from './stopping-rule.ts';

/** A network of the ensemble by itself; its heads are asked together. */
export interface Part {
  /** @returns its members' probabilities */
  run(images: Tensor): Promise<MemberProbabilities>;
}

export interface AnytimeAnswer {
  /** Zeros where a member was not asked. */
  readonly probabilities: MemberProbabilities;
  /** Of each sample. */
  readonly used: Int32Array;
}

export interface Patience {
  readonly rule: StoppingRule;
  /** Milliseconds from now on; the first member is asked whatever it says. */
  readonly deadlineMs?: number | undefined;
  /** What a sample cost each part so far, in milliseconds; kept up to date here. */
  readonly pace: number[];
  readonly now?: () => number;
}

/**
 * @param members of all parts together
 * @param images first dimension: the samples
 */
export async function runAnytime(parts: readonly Part[], members: number, images: Tensor, patience: Patience): Promise<AnytimeAnswer> {
  const { rule, deadlineMs = Number.POSITIVE_INFINITY, pace, now = () => performance.now() } = patience;
  const start = now();
  const size = images.shape[0]!;
  const used = new Int32Array(size);
  let open = Uint32Array.from({ length: size }, (_, n) => n);
  let all: { readonly classes: number; readonly values: Float32Array; readonly sums: Float64Array } | undefined;
  let asked = 0;
  for (const [p, part] of parts.entries()) {
    if (open.length === 0) break;
    const began = now();
    if (asked > 0 && began - start + (pace[p] ?? 0) * open.length > deadlineMs) break;
    const own = await part.run(open.length === size ? images : rowsOf(images, open));
    pace[p] = smoothed(pace[p], (now() - began) / open.length);
    const { classes, members: heads } = own;
    all ??= { classes, values: new Float32Array(members * size * classes), sums: new Float64Array(size * classes) };
    const { values, sums } = all;
    for (let m = 0; m < heads; m++)
      open.forEach((n, k) => {
        const row = own.values.subarray((m * open.length + k) * classes, (m * open.length + k + 1) * classes);
        values.set(row, ((asked + m) * size + n) * classes);
        for (let c = 0; c < classes; c++) sums[n * classes + c]! += row[c]!;
      });
    asked += heads;
    for (const n of open) used[n] = asked;
    open = open.filter((n) => leadOf(sums, n * classes, classes, asked, members) < rule.lead);
  }
  const { classes, values } = all!;
  return { probabilities: { size, members, classes, values }, used };
}

/** The samples that were answered by equally many members, together. */
export function byMembersUsed({ probabilities, used }: AnytimeAnswer): { rows: number[]; probabilities: MemberProbabilities }[] {
  const groups = new Map<number, number[]>();
  for (const [n, count] of used.entries()) {
    const rows = groups.get(count);
    if (rows) rows.push(n);
    else groups.set(count, [n]);
  }
  return [...groups].map(([count, rows]) => ({ rows, probabilities: take(probabilities, rows, count) }));
}

const smoothed = (before: number | undefined, now: number): number => (before === undefined ? now : 0.8 * before + 0.2 * now);

function rowsOf({ datatype, shape, data }: Tensor, rows: Uint32Array): Tensor {
  const from = data as Float32Array;
  const width = from.length / shape[0]!;
  const taken = new Float32Array(rows.length * width);
  rows.forEach((row, k) => {
    taken.set(from.subarray(row * width, (row + 1) * width), k * width);
  });
  return { datatype, shape: [rows.length, ...shape.slice(1)], data: taken as TensorData };
}
