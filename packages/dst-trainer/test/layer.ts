/** Layers written as tables, for the tests of the rules. */
import type { LayerView, RuleSignals } from '../src/rules/rule.ts';

export interface LayerTable {
  /** Default: one row. */
  readonly shape?: readonly number[];
  /** Dense lists: what stands at dead positions is not read. */
  readonly weights: readonly number[];
  readonly mask: readonly number[];
  readonly gradient?: readonly number[];
  /** Averaged gradient. */
  readonly average?: readonly number[];
  /** Optimiser's buffers. */
  readonly momentum?: readonly number[];
  /** 1 where a position has ever lived. */
  readonly fired?: readonly number[];
  /** Draws, one after another, then again from the start. Default 0.5. */
  readonly draws?: readonly number[];
}

export function layerOf(table: LayerTable): LayerView {
  const { shape = [1, table.mask.length], weights, mask, gradient, average, momentum, fired, draws = [0.5] } = table;
  const live = Uint32Array.from(mask.flatMap((alive, position) => (alive ? [position] : [])));
  const signals: RuleSignals = {
    ...(gradient && { gradient: Float32Array.from(gradient) }),
    ...(average && { momentum: Float32Array.from(average) }),
    ...(fired && { fired: bitsOf(fired) }),
  };
  const at = (numbers: readonly number[]) => Float32Array.from(live, (position) => numbers[position]!);
  let next = 0;
  return {
    param: 'fc.weight',
    shape,
    live,
    values: at(weights),
    ...(momentum && { momentum: at(momentum) }),
    signals,
    random: () => draws[next++ % draws.length]!,
  };
}

function bitsOf(flags: readonly number[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [position, flag] of flags.entries()) if (flag) bits[position >>> 3]! |= 1 << (position & 7);
  return bits;
}
