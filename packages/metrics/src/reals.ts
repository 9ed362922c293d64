/**
 * What the measures on whole arrays take: numbers in float32 or float64, samples in rows. Their checks stand here, so that each measure
 * reads as its formula.
 */
import { SparseError } from '@freetickets/sparse-core';

export type Reals = Float32Array | Float64Array;

/**
 * Rows in an array of `width` numbers each.
 * @throws SparseError INVALID_ARGUMENT for a width that is none, SHAPE_MISMATCH for a ragged end, NON_FINITE for what is no number
 */
export function rowsOf(at: string, values: Reals, width: number, unit = 'classes'): number {
  checkWhole(unit, width, 1);
  if (values.length % width !== 0) throw new SparseError('SHAPE_MISMATCH', at, `rows of ${width} ${unit}`, `${values.length} numbers`);
  checkFinite(at, values);
  return values.length / width;
}

/**
 * Classes in an array (labels.length, classes), after a look at every label.
 * @throws SparseError SHAPE_MISMATCH when there are no samples or the rows do not come out even, INVALID_ARGUMENT for a label that is no class
 */
export function classesOf(at: string, values: Reals, labels: Int32Array): number {
  if (labels.length === 0) throw new SparseError('SHAPE_MISMATCH', 'labels', 'at least one sample', 0);
  const classes = values.length / labels.length;
  if (!Number.isInteger(classes) || classes < 1)
    throw new SparseError('SHAPE_MISMATCH', at, `one row for each of ${labels.length} labels`, `${values.length} numbers`);
  checkFinite(at, values);
  checkLabels(labels, classes);
  return classes;
}

export function checkLabels(labels: Int32Array, classes: number): void {
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0) throw new SparseError('INVALID_ARGUMENT', `labels[${wrong}]`, `a class from 0 to ${classes - 1}`, labels[wrong]);
}

/** Samples of an array (members, samples, classes). */
export function samplesOfMembers(memberProbs: Reals, members: number, classes: number): number {
  checkWhole('members', members, 1);
  const rows = rowsOf('memberProbs', memberProbs, classes);
  if (rows % members !== 0) throw new SparseError('SHAPE_MISMATCH', 'memberProbs', `as many rows for each of ${members} members`, rows);
  return rows / members;
}

export function checkFinite(at: string, values: Reals | readonly number[]): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw new SparseError('NON_FINITE', `${at}[${i}]`, 'a finite number', values[i]);
}

export function checkWhole(at: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new SparseError('INVALID_ARGUMENT', at, `a whole number ${range}`, value);
}

/** A share strictly between 0 and 1, such as a confidence level. */
export function checkShare(at: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new SparseError('INVALID_ARGUMENT', at, 'a number between 0 and 1, both excluded', value);
}
