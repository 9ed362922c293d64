/**
 * The built-in data set: digits drawn on the spot, so that a first run needs no download. Hard enough to tell methods apart on purpose:
 * every picture is turned, sheared, stretched and shifted, lies under noise and stray strokes, and may lose a corner.
 */
import { rng, SparseError, type Stream } from '@freetickets/sparse-core';
import type { Dataset, Samples } from './dataset.ts';
import { type Glyph, glyphs } from './glyphs.ts';
import { normalizationOf } from './normalization.ts';
import { sharedBytes } from './shared-bytes.ts';
import { drawPolyline, type Point, type Polyline } from './stroke.ts';

export interface GeneratedOptions {
  /** Pictures to train on. Default 6000. */
  readonly train?: number;
  /** Pictures to test on. Default 2000. */
  readonly test?: number;
  /** Height and width in pixels, 8 to 128. Default 16. */
  readonly size?: number;
  /** Default 17. */
  readonly seed?: number;
}

/**
 * Ten classes of digits, 1 x size x size. Sample i of a part is a function of (seed, size, part, i): the first hundred pictures are the
 * same whether a hundred or a million are asked for. Classes take turns, so each stretch of the order holds them equally.
 *
 * @throws SparseError INVALID_ARGUMENT for counts below 10 (one per class) or a size out of range
 * @example const set = generated({ train: 1000 }) // set.train.images: 1000 x 1 x 16 x 16 bytes
 */
export function generated({ train = 6000, test = 2000, size = 16, seed = 17 }: GeneratedOptions = {}): Dataset {
  checkWhole('train', train, glyphs.length, 1_000_000);
  checkWhole('test', test, glyphs.length, 1_000_000);
  checkWhole('size', size, 8, 128);
  const trainSamples = draw('train', train, size, seed);
  return {
    name: 'generated',
    classes: glyphs.map((glyph) => glyph.name),
    shape: [1, size, size],
    train: trainSamples,
    test: draw('test', test, size, seed),
    normalization: normalizationOf(trainSamples, 1),
    augmentation: 'none',
  };
}

function checkWhole(at: string, value: number, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new SparseError('INVALID_ARGUMENT', at, `a whole number from ${least} to ${most}`, value);
  }
}

function draw(part: string, count: number, size: number, seed: number): Samples {
  const images = sharedBytes(count * size * size);
  const labels = Int32Array.from({ length: count }, (_, i) => i % glyphs.length);
  const random = rng(seed);
  for (let i = 0; i < count; i++) {
    const canvas = drawPicture(glyphs[labels[i]!]!, size, random.stream('generated', part, size, i));
    for (let pixel = 0; pixel < canvas.length; pixel++) images[i * size * size + pixel] = Math.round(255 * canvas[pixel]!);
  }
  return { size: count, images, labels };
}

function drawPicture(glyph: Glyph, size: number, random: Stream): Float32Array {
  const canvas = new Float32Array(size * size);
  const unit = size / 16;
  const place = placement(size, random);
  const pen = unit * between(random, 1, 2);
  for (const stroke of glyph.strokes) drawPolyline(canvas, size, stroke.map(place), pen);
  occlude(canvas, size, random);
  const contrast = between(random, 0.6, 1);
  for (let i = 0; i < canvas.length; i++) canvas[i]! *= contrast;
  drawClutter(canvas, size, random);
  const noise = between(random, 0.02, 0.1);
  for (let i = 0; i < canvas.length; i++) canvas[i] = Math.min(1, Math.max(0, canvas[i]! + noise * random.normal()));
  return canvas;
}

/** A random affine map from the glyph's box to pixels. */
function placement(size: number, random: Stream): (point: Point) => Point {
  const angle = between(random, -0.3, 0.3);
  const shear = between(random, -0.3, 0.3);
  const scaleX = (size / 2) * between(random, 0.5, 0.9);
  const scaleY = (size / 2) * between(random, 0.55, 0.85);
  const centreX = size / 2 + size * between(random, -0.12, 0.12);
  const centreY = size / 2 + size * between(random, -0.12, 0.12);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ([x, y]) => {
    const px = scaleX * (x + shear * y);
    const py = scaleY * y;
    return [centreX + cos * px - sin * py, centreY + sin * px + cos * py];
  };
}

/** Blanks a rectangle in every fourth picture. */
function occlude(canvas: Float32Array, size: number, random: Stream): void {
  const [width, height] = [size * between(random, 0.15, 0.35), size * between(random, 0.15, 0.35)];
  const [left, top] = [random.uniform() * (size - width), random.uniform() * (size - height)];
  if (random.uniform() < 0.75) return;
  for (let y = Math.round(top); y < Math.round(top + height); y++) {
    canvas.fill(0, y * size + Math.round(left), y * size + Math.round(left + width));
  }
}

/** Up to two stray strokes, thinner and shorter than a digit's. */
function drawClutter(canvas: Float32Array, size: number, random: Stream): void {
  for (let count = random.below(3); count > 0; count--) {
    const [x, y] = [size * random.uniform(), size * random.uniform()];
    const angle = 2 * Math.PI * random.uniform();
    const length = size * between(random, 0.2, 0.4);
    const line: Polyline = [
      [x, y],
      [x + length * Math.cos(angle), y + length * Math.sin(angle)],
    ];
    drawPolyline(canvas, size, line, (size / 16) * between(random, 0.6, 1.2));
  }
}

function between(random: Stream, from: number, to: number): number {
  return from + (to - from) * random.uniform();
}
