/** What the rules ask of a layer more than once. */
import { SparseError } from '@freetickets/sparse-core';
import type { LayerView, RuleSignal, RuleSignals } from './rule.ts';

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Absolute values, in a plain loop: `map` calls a function for each of them, which takes ten times as long. */
export function magnitudes(numbers: Float32Array): Float32Array {
  const absolute = new Float32Array(numbers.length);
  for (let i = 0; i < absolute.length; i++) absolute[i] = Math.abs(numbers[i]!);
  return absolute;
}

/** Mean absolute value, in float64; 0 of nothing. */
export function meanMagnitude(numbers: Float32Array): number {
  let sum = 0;
  for (const number of numbers) sum += Math.abs(number);
  return numbers.length === 0 ? 0 : sum / numbers.length;
}

/** A uniform draw for every position, in order. */
export function drawScores(layer: LayerView): Float32Array {
  const scores = new Float32Array(sizeOf(layer.shape));
  for (let position = 0; position < scores.length; position++) scores[position] = layer.random();
  return scores;
}

const MEANING = {
  gradient: 'the dense gradient of the layer',
  momentum: 'the averaged dense gradient of the layer',
  fired: 'which positions have lived',
} as const satisfies Record<RuleSignal, string>;

/** @throws SparseError INVALID_ARGUMENT when the view lacks a signal that its rule needs */
export function signalOf<S extends RuleSignal>({ param, signals }: LayerView, which: S): NonNullable<RuleSignals[S]> {
  const signal = signals[which];
  if (!signal) throw new SparseError('INVALID_ARGUMENT', `${param}: signals.${which}`, MEANING[which], undefined);
  return signal as NonNullable<RuleSignals[S]>;
}
