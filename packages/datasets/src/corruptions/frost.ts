/**
 * Frost on a window pane. The published sets mix in crops of five photographs, which are not ours to give away: here the frost is drawn, by
 * the same proportions of picture and frost. Figures on it are comparable with each other, not with those on the public files.
 */
import type { Stream } from '@freetickets/sparse-core';
import { drawPolyline, type Point } from '../stroke.ts';
import { between, type Corruption } from './corruption.ts';
import { clip, mapPicture, type Picture } from './picture.ts';
import { plasma, plasmaNoise } from './plasma.ts';

export interface Frost {
  /** Share of the picture. */
  readonly picture: number;
  /** Share of the frost. */
  readonly frost: number;
}

/** Drawn: the frost, (3, H, W) in [0, 1]. */
export const frost: Corruption<Frost, Float64Array> = {
  settings: [
    { picture: 1, frost: 0.2 },
    { picture: 1, frost: 0.3 },
    { picture: 0.9, frost: 0.4 },
    { picture: 0.85, frost: 0.4 },
    { picture: 0.75, frost: 0.45 },
  ],
  draw: (stream, _, picture) => drawFrost(stream, picture),
  apply(picture, shares, drawn) {
    const plane = picture[0].values.length;
    return mapPicture(picture, (old, at, channel) => shares.picture * old + shares.frost * drawn[channel * plane + at]!);
  },
};

/** Ice is a little blue. */
const TINT = [0.88, 0.95, 1] as const;
const CRYSTALS = 6;

/** Veils of uneven thickness with needles of ice in them. */
function drawFrost(stream: Stream, [{ height: side }]: Picture): Float64Array {
  const veil = plasma(side, 1.75, plasmaNoise(side, stream)).values;
  const needles = new Float32Array(side * side);
  for (let i = 0; i < CRYSTALS; i++) drawCrystal(needles, side, stream);
  return Float64Array.from(
    TINT.flatMap((tint) => Array.from(veil, (thickness, at) => tint * clip(0.25 + 0.5 * thickness + 0.4 * needles[at]!))),
  );
}

/** A needle with side needles at 60 degrees, shorter towards its tip. */
function drawCrystal(canvas: Float32Array, side: number, stream: Stream): void {
  const angle = 2 * Math.PI * stream.uniform();
  const length = side * between(stream, 0.4, 0.9);
  const root: Point = [side * stream.uniform(), side * stream.uniform()];
  const along = ([x, y]: Point, direction: number, way: number): Point => [x + way * Math.cos(direction), y + way * Math.sin(direction)];
  drawPolyline(canvas, side, [root, along(root, angle, length)], 0.8);
  for (let part = 0.2; part < 1; part += 0.2) {
    const knot = along(root, angle, part * length);
    for (const turn of [-Math.PI / 3, Math.PI / 3]) {
      drawPolyline(canvas, side, [knot, along(knot, angle + turn, 0.35 * (1 - part) * length)], 0.5);
    }
  }
}
