/**
 * Temperature scaling of an ensemble. Averaging members makes predictions less sure, so the order matters: members scaled first are each
 * calibrated and their mean is under-confident; the mean scaled afterwards is calibrated as it is used. Reports show both.
 * @source Rahaman and Thiery, "Uncertainty quantification and deep ensembles", arXiv:2007.08792
 */
import { SparseError } from '@freetickets/sparse-core';
import { classesOf, type Reals, rowsOf } from '../reals.ts';
import { fitTemperature } from './fit-temperature.ts';
import { logProbabilities, softmax } from './softmax.ts';

export type ScalingOrder = 'members-first' | 'pool-first';

export interface TemperatureScaling {
  readonly order: ScalingOrder;
  /** One for each member, or a single one for their mean. */
  readonly temperatures: readonly number[];
}

/**
 * `members-first`: a temperature for each member, fitted alone. `pool-first`: one temperature for the logarithm of the members' mean softmax.
 * @param memberLogits one array (samples, classes) for each member; `logProbabilities(probs)` stands in where only probabilities are known
 * @throws SparseError SHAPE_MISMATCH, INVALID_ARGUMENT or NON_FINITE when logits and labels do not fit
 */
export function fitTemperatureScaling(memberLogits: readonly Reals[], labels: Int32Array, order: ScalingOrder): TemperatureScaling {
  checkOrder(order);
  if (memberLogits.length === 0) throw new SparseError('INVALID_ARGUMENT', 'memberLogits', 'at least one member', 0);
  if (order === 'members-first') return { order, temperatures: memberLogits.map((logits) => fitTemperature(logits, labels)) };
  const classes = classesOf('memberLogits[0]', memberLogits[0]!, labels);
  const pooled = meanOfMembers(memberLogits.map((logits) => softmax(logits, classes)));
  return { order, temperatures: [fitTemperature(logProbabilities(pooled), labels)] };
}

/**
 * @param memberLogits one array (samples, classes) for each member
 * @returns probabilities of the scaled ensemble (samples, classes)
 * @throws SparseError SHAPE_MISMATCH when the temperatures are for another number of members
 */
export function applyTemperatureScaling(
  { order, temperatures }: TemperatureScaling,
  memberLogits: readonly Reals[],
  classes: number,
): Float64Array {
  checkOrder(order);
  const wanted = order === 'members-first' ? memberLogits.length : 1;
  if (memberLogits.length === 0 || temperatures.length !== wanted)
    throw new SparseError('SHAPE_MISMATCH', 'scaling.temperatures', `${wanted} for ${memberLogits.length} members`, temperatures.length);
  memberLogits.forEach((logits, m) => {
    rowsOf(`memberLogits[${m}]`, logits, classes);
  });
  if (order === 'members-first') return meanOfMembers(memberLogits.map((logits, m) => softmax(logits, classes, temperatures[m])));
  const pooled = meanOfMembers(memberLogits.map((logits) => softmax(logits, classes)));
  return softmax(logProbabilities(pooled), classes, temperatures[0]);
}

function meanOfMembers(memberProbs: readonly Float64Array[]): Float64Array {
  const first = memberProbs[0]!;
  memberProbs.forEach((probs, m) => {
    if (probs.length !== first.length)
      throw new SparseError('SHAPE_MISMATCH', `memberLogits[${m}]`, `${first.length} numbers, as of member 0`, probs.length);
  });
  return first.map((_, k) => memberProbs.reduce((sum, probs) => sum + probs[k]!, 0) / memberProbs.length);
}

function checkOrder(order: ScalingOrder): void {
  if (order !== 'members-first' && order !== 'pool-first')
    throw new SparseError('INVALID_ARGUMENT', 'order', 'members-first or pool-first', order);
}
