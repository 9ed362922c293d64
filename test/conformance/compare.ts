/** How results are compared: within a bound against PyTorch, bit by bit against the engine itself. */
import type { ModelState } from '@freetickets/sparse-core';
import { expect } from 'vitest';

/** Tensors whose values are all below this are held to `bound * SMALLEST_SCALE`: some gradients are zero but for rounding. */
const SMALLEST_SCALE = 0.01;

/** max |found - truth| / max(max |truth|, 0.01); NaN where anything is not a number. */
export function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let difference = 0;
  let scale = SMALLEST_SCALE;
  for (let i = 0; i < truth.length; i++) {
    const here = Math.abs(found[i]! - truth[i]!);
    if (!(here <= difference)) difference = here;
    if (Number.isNaN(difference)) return Number.NaN;
    scale = Math.max(scale, Math.abs(truth[i]!));
  }
  return difference / scale;
}

export function expectClose(found: ArrayLike<number>, truth: ArrayLike<number>, bound: number, what: string): void {
  expect(found.length, `length of ${what}`).toBe(truth.length);
  expect(relativeError(found, truth), `relative error of ${what}`).toBeLessThanOrEqual(bound);
}

/** The bit patterns of float32 values, so that -0 and NaN count as what they are. */
export const bits = (values: Float32Array): number[] => Array.from(new Uint32Array(values.slice().buffer));

const bitsOfEach = (map: ReadonlyMap<string, Float32Array> | undefined) =>
  Object.fromEntries([...(map ?? [])].map(([name, values]) => [name, bits(values)]));

/** A state as plain data that `toEqual` compares bit by bit. */
export function stateBits(state: ModelState) {
  return {
    step: state.step,
    live: Object.fromEntries([...state.topology].map(([param, layer]) => [param, Array.from(layer.live)])),
    values: bitsOfEach(state.values),
    momentum: bitsOfEach(state.momentum),
    secondMoments: bitsOfEach(state.secondMoments),
    denseMomentum: bitsOfEach(state.denseMomentum),
  };
}
