// From what is on the drawing area to what a model takes: planes of numbers in [0, 1].

/** A square of RGBA bytes, as a canvas gives it. */
export interface Pixels {
  readonly side: number;
  readonly data: Uint8ClampedArray;
}

/** MNIST's digits: the longer side of the ink is 20 of 28 pixels, its centre of mass is the centre. */
const INK = 20 / 28;
/** Points that are averaged along each side of a pixel. */
const POINTS = 4;

/**
 * @param shape (channels, height, width); of one channel, grey values
 * @param centre move and scale the ink as MNIST does
 */
export function toPlanes(pixels: Pixels, [channels, height, width]: readonly [number, number, number], centre: boolean): Float32Array {
  const grey = centre || channels === 1 ? greyOf(pixels) : undefined;
  const place = centre ? inkOf(grey!, pixels.side) : undefined;
  const { x, y, size } = place ?? { x: pixels.side / 2, y: pixels.side / 2, size: pixels.side };
  const planes = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    const valueAt = (at: number) => (channels === 1 ? grey![at]! : pixels.data[4 * at + Math.min(c, 2)]! / 255);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let i = 0; i < POINTS; i++)
          for (let j = 0; j < POINTS; j++) {
            const atX = Math.floor(x + ((column + (j + 0.5) / POINTS) / width - 0.5) * size);
            const atY = Math.floor(y + ((row + (i + 0.5) / POINTS) / height - 0.5) * size);
            if (atX >= 0 && atY >= 0 && atX < pixels.side && atY < pixels.side) sum += valueAt(atY * pixels.side + atX);
          }
        planes[(c * height + row) * width + column] = sum / POINTS ** 2;
      }
  }
  return planes;
}

const greyOf = ({ side, data }: Pixels): Float32Array =>
  Float32Array.from({ length: side * side }, (_, k) => (0.299 * data[4 * k]! + 0.587 * data[4 * k + 1]! + 0.114 * data[4 * k + 2]!) / 255);

/** The square that has the ink in it as MNIST does; undefined for a blank sheet. */
function inkOf(grey: Float32Array, side: number): { x: number; y: number; size: number } | undefined {
  let [mass, sumX, sumY] = [0, 0, 0];
  let [left, right, top, bottom] = [side, -1, side, -1];
  for (let k = 0; k < grey.length; k++) {
    const value = grey[k]!;
    if (value < 0.1) continue;
    const [x, y] = [k % side, Math.floor(k / side)];
    mass += value;
    sumX += value * (x + 0.5);
    sumY += value * (y + 0.5);
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  if (mass === 0) return undefined;
  return { x: sumX / mass, y: sumY / mass, size: Math.max(right - left + 1, bottom - top + 1) / INK };
}
