/** Brightness, contrast, saturation and hue, changed by random amounts in random order. */
import { SparseError, type Stream } from '@freetickets/sparse-core';
import type { ColourJitter } from './dataset.ts';
import { hsvOf, rgbOf } from './hsv.ts';

const KINDS = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** One change; `amount` is a factor, for the hue a turn (1 is all the way round). */
export interface ColourChange {
  readonly kind: (typeof KINDS)[number];
  readonly amount: number;
}

/** @throws SparseError INVALID_ARGUMENT for negative amounts, or a hue above one half */
export function checkJitter(jitter: ColourJitter): void {
  for (const kind of KINDS) {
    const most = kind === 'hue' ? 0.5 : Number.MAX_VALUE;
    const amount = jitter[kind] ?? 0;
    if (!(amount >= 0 && amount <= most)) {
      const range = kind === 'hue' ? 'from 0 to 0.5' : 'of at least 0';
      throw new SparseError('INVALID_ARGUMENT', `augmentation.jitter.${kind}`, `a number ${range}`, amount);
    }
  }
}

/** Factors are uniform in [max(0, 1 - amount), 1 + amount], turns in [-amount, amount]; kinds of amount 0 are left out. */
export function drawJitter(jitter: ColourJitter, stream: Stream): ColourChange[] {
  const order = stream.shuffle([...KINDS]).filter((kind) => (jitter[kind] ?? 0) > 0);
  return order.map((kind) => {
    const most = jitter[kind] ?? 0;
    const [from, to] = kind === 'hue' ? [-most, most] : [Math.max(0, 1 - most), 1 + most];
    return { kind, amount: from + (to - from) * stream.uniform() };
  });
}

/**
 * Changes a picture of three planes in [0, 1] in place, clipping after each change. Brightness scales values; contrast moves them away from
 * the picture's mean grey, saturation from each pixel's grey; hue turns the colour circle.
 * @source torchvision's ColorJitter, on floats
 */
export function jitterColours(planes: readonly [Float32Array, Float32Array, Float32Array], changes: readonly ColourChange[]): void {
  const [red, green, blue] = planes;
  const greyAt = (at: number) => 0.299 * red[at]! + 0.587 * green[at]! + 0.114 * blue[at]!;
  const away = (from: (at: number) => number, factor: number) => {
    for (let at = 0; at < red.length; at++) {
      const origin = from(at);
      for (const plane of planes) plane[at] = Math.min(1, Math.max(0, origin + factor * (plane[at]! - origin)));
    }
  };
  for (const { kind, amount } of changes) {
    if (kind === 'brightness') away(() => 0, amount);
    else if (kind === 'saturation') away(greyAt, amount);
    else if (kind === 'contrast') {
      let sum = 0;
      for (let at = 0; at < red.length; at++) sum += greyAt(at);
      away(() => sum / red.length, amount);
    } else turnHue(planes, amount);
  }
}

function turnHue([red, green, blue]: readonly [Float32Array, Float32Array, Float32Array], turn: number): void {
  for (let at = 0; at < red.length; at++) {
    const [hue, saturation, value] = hsvOf(red[at]!, green[at]!, blue[at]!);
    [red[at], green[at], blue[at]] = rgbOf((hue + turn + 1) % 1, saturation, value);
  }
}
