/**
 * Figures on corrupted data for resamples of the *pictures*: every cell (corruption and severity) holds the same pictures, so one that is drawn
 * is drawn in all its cells. What the samples of a cell add to its figures is looked up once, when the cell's predictions are there; they can
 * be forgotten then. A resample is a count for each picture, and each cell one pass over the counts.
 */
import type { Prediction } from '@freetickets/sparse-core';
import { brierOfSample } from '../brier.ts';
import { binOf } from '../calibration/reliability-bins.ts';
import { nllOfSample } from '../nll.ts';
import { topLabel } from '../top-label.ts';
import { cellLists } from './summarize-corruptions.ts';

/** `eceFreetickets` is `ece({ edges: 'freetickets' })`. */
export type CellScore = 'accuracy' | 'nll' | 'brier' | 'ece' | 'eceFreetickets';

/** Sums over a cell's samples `rows`, none twice, each taken as often as `times` says. */
export type ResampledCell = (rows: Uint32Array, times: Uint32Array) => CellSums;

interface CellSums {
  readonly correct: number;
  readonly nll: number;
  readonly brier: number;
  /** Of correct - confidence, in 15 bins and in the 14 of the published code. */
  readonly gaps: Float64Array;
  readonly gapsOf14: Float64Array;
}

const BINS = 15;

/** @param prediction whose ensemble probabilities are scored; not kept */
export function resampledCell(prediction: Prediction, labels: Int32Array): ResampledCell {
  const { confidence, correct } = topLabel(prediction.probs, labels);
  const bins = Uint8Array.from(confidence, (value) => binOf(value, BINS));
  // A confidence above 1 falls out of the published sum.
  const binsOf14 = Uint8Array.from(confidence, (value) => (value > 1 ? BINS - 1 : binOf(value, BINS - 1)));
  const values = new Float64Array(4 * labels.length); // side by side, as a sample's are read together
  labels.forEach((label, n) => {
    values.set([correct[n]!, nllOfSample(prediction, n, label), brierOfSample(prediction, n, label), correct[n]! - confidence[n]!], 4 * n);
  });
  return (rows, times) => {
    const gaps = new Float64Array(BINS);
    const gapsOf14 = new Float64Array(BINS);
    let right = 0;
    let nll = 0;
    let brier = 0;
    for (let k = 0; k < rows.length; k++) {
      const n = rows[k]!;
      const count = times[k]!;
      right += count * values[4 * n]!;
      nll += count * values[4 * n + 1]!;
      brier += count * values[4 * n + 2]!;
      const gap = count * values[4 * n + 3]!;
      gaps[bins[n]!]! += gap;
      gapsOf14[binsOf14[n]!]! += gap;
    }
    return { correct: right, nll, brier, gaps, gapsOf14: gapsOf14.subarray(0, BINS - 1) };
  };
}

/**
 * For `bootstrapIntervals`: figures by name. `all.pooled.nll`, `of15.cellMean.ece`, ... as in `CorruptionSummary`, and of each cell
 * `fog.3.accuracy`.
 * @param cells of the same pictures in the same order
 */
export function resampledCorruptions(
  cells: readonly { readonly corruption: string; readonly severity: number; readonly cell: ResampledCell }[],
): (rows: Uint32Array) => Record<string, number> {
  return (rows) => {
    const { distinct, times } = counted(rows);
    const found = cells.map(({ corruption, severity, cell }) => ({ corruption, severity, sums: cell(distinct, times) }));
    const figures: Record<string, number> = {};
    const put = (place: string, scores: Readonly<Record<CellScore, number>>) => {
      for (const [name, value] of Object.entries(scores)) figures[`${place}.${name}`] = value;
    };
    const own = new Map(found.map((cell) => [cell, scoresOf([cell.sums], rows.length)]));
    for (const [{ corruption, severity }, scores] of own) put(`${corruption}.${severity}`, scores);
    for (const [list, of] of Object.entries(cellLists(found))) {
      if (!of) continue;
      const sums = of.map((cell) => cell.sums);
      put(`${list}.pooled`, scoresOf(sums, sums.length * rows.length));
      put(`${list}.cellMean`, meanOf(of.map((cell) => own.get(cell)!)));
    }
    return figures;
  };
}

/** Each row once, in rising order, and how often it stands there. */
function counted(rows: Uint32Array): { distinct: Uint32Array; times: Uint32Array } {
  const counts = new Uint32Array(rows.reduce((most, row) => Math.max(most, row), 0) + 1);
  for (const row of rows) counts[row]!++;
  const distinct = Uint32Array.from(counts.keys()).filter((row) => counts[row]! > 0);
  return { distinct, times: counts.filter((count) => count > 0) };
}

/** Of the samples of all `cells` together, `size` in all. */
function scoresOf(cells: readonly CellSums[], size: number): Record<CellScore, number> {
  const sum = (of: (cell: CellSums) => number) => cells.reduce((total, cell) => total + of(cell), 0);
  const error = (of: (cell: CellSums) => Float64Array) =>
    of(cells[0]!).reduce((total, _, bin) => total + Math.abs(sum((cell) => of(cell)[bin]!)), 0);
  return {
    accuracy: sum(({ correct }) => correct) / size,
    nll: sum(({ nll }) => nll) / size,
    brier: sum(({ brier }) => brier) / size,
    ece: error(({ gaps }) => gaps) / size,
    eceFreetickets: error(({ gapsOf14 }) => gapsOf14) / size,
  };
}

function meanOf(all: readonly Readonly<Record<CellScore, number>>[]): Record<CellScore, number> {
  const mean = (name: CellScore) => all.reduce((sum, scores) => sum + scores[name], 0) / all.length;
  return { accuracy: mean('accuracy'), nll: mean('nll'), brier: mean('brier'), ece: mean('ece'), eceFreetickets: mean('eceFreetickets') };
}
