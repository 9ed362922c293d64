/** What separates each row from a baseline, seed by seed. */
import { pairedTTest, signTest, wilcoxonSignedRank } from '@freetickets/metrics';
import { nearest, SparseError } from '@freetickets/sparse-core';
import type { Column } from './columns.ts';
import type { Row } from './rows.ts';

export interface PairedTest {
  readonly row: string;
  readonly against: string;
  /** Id of the column. */
  readonly figure: string;
  /** Mean of the row's figure minus the baseline's, over the seeds, with its 95 % interval. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided p of the paired t test, of Wilcoxon's signed ranks and of the sign test. */
  readonly pT: number;
  readonly pWilcoxon: number;
  readonly pSign: number;
}

/**
 * Every row but the baseline by every figure that varies and that all of their runs have.
 * @throws SparseError INVALID_CONFIG for a baseline that is no row, and for rows with other seeds than its, or fewer than two
 */
export function pairedTests(rows: readonly Row[], against: string, columns: readonly Column[]): PairedTest[] {
  const baseline = rows.find(({ label }) => label === against);
  const refuse = (expected: string, received: unknown, hint?: string) =>
    new SparseError('INVALID_CONFIG', '--against', expected, received, hint);
  if (!baseline) {
    const labels = rows.map(({ label }) => label);
    const near = nearest(against, labels);
    throw refuse(`one of the rows ${labels.join('; ')}`, against, near && `Did you mean ${near}?`);
  }
  const others = rows.filter((row) => row !== baseline);
  const unpaired = others.find(({ seeds }) => String(seeds) !== String(baseline.seeds));
  if (unpaired)
    throw refuse(
      `the seeds of ${against} (${baseline.seeds.join(', ')}) in every row, because the tests are paired`,
      new Error(`${unpaired.seeds.join(', ')} in ${unpaired.label}`),
    );
  if (baseline.seeds.length < 2) throw refuse('at least two seeds, because one difference has no spread', baseline.seeds);
  return others.flatMap((row) => columns.flatMap((column) => testOf(row, baseline, column)));
}

function testOf(row: Row, baseline: Row, column: Column): PairedTest[] {
  if (!column.varies) return [];
  const [a, b] = [row, baseline].map(({ runs }) => runs.flatMap((run) => column.from(run)?.value ?? [])) as [number[], number[]];
  if (a.length < row.runs.length || b.length < row.runs.length) return [];
  const { meanDifference, low, high, p } = pairedTTest(a, b);
  const ends = { difference: meanDifference, low, high };
  const ps = { pT: p, pWilcoxon: wilcoxonSignedRank(a, b).p, pSign: signTest(a, b).p };
  return [{ row: row.label, against: baseline.label, figure: column.id, ...ends, ...ps }];
}
