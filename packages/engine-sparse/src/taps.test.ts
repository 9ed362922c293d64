import { describe, expect, it } from 'vitest';
import { NO_SHIFTS } from './ops.ts';
import {
  besideSlots,
  denseTaps,
  fillBackward,
  fillDenseBackward,
  fillDenseForward,
  fillForward,
  type TapArrays,
  type Window,
} from './taps.ts';

const LANES = 16;

/** Rows, taps and order one behind the other. */
const arrays = (planes: number, channelBlocks: number, channelsPerBlock: number, count: number, phases = 1): TapArrays => ({
  dense: false,
  phases,
  packed: count,
  pairs: false,
  beside: false,
  rows: 0,
  taps: phases * channelBlocks * (planes + 1),
  order: phases * channelBlocks * (planes + 1) + count,
  planes,
  channelBlocks,
  channelsPerBlock,
});

function read(ints: Int32Array, at: TapArrays) {
  return {
    rows: Array.from({ length: at.phases * at.channelBlocks }, (_, c) => [
      ...ints.slice(at.rows + c * (at.planes + 1), at.rows + (c + 1) * (at.planes + 1)),
    ]),
    taps: [...ints.slice(at.taps, at.order)],
    order: [...ints.slice(at.order)],
  };
}

/**
 * Stride 1: three pictures of 4 x 4 with a border of 1, so a row is 6 columns of 16 images, 96 floats, and a plane is 6 rows, 576 floats.
 * Live weights, by position in (2, 3, 3, 3):
 *
 *     output 0:  0 = (channel 0, row 0, column 0)   4 = (0, 1, 1)   25 = (2, 2, 1)
 *     output 1:  38 = (1, 0, 2)                    48 = (2, 1, 0)
 *
 * With padding 1, kernel pixel (1, 1) is the pixel itself, (0, 0) the one above and to the left: -96 - 16.
 */
describe('stride 1', () => {
  const window: Window = { outputs: 2, inputs: 3, kernel: 3, stride: 1, pad: 1, low: undefined };
  const view = { base: 112, block: 3 * 576, plane: 576, row: 96 };
  const live = Uint32Array.of(0, 4, 25, 38, 48);

  it('forward: rows are outputs, weights stand by blocks of two input channels', () => {
    const at = arrays(2, 2, 2, live.length);
    const ints = new Int32Array(at.order + live.length);
    fillForward(ints, at, window, live, live.length, { view, shifts: NO_SHIFTS }, LANES);
    expect(read(ints, at)).toEqual({
      // Block of channels 0 and 1: two weights of output 0, one of output 1. Block of channel 2: one of each.
      rows: [
        [0, 2, 3],
        [3, 4, 5],
      ],
      taps: [-96 - 16, 0, 576 - 96 + 16, 2 * 576 + 96, 2 * 576 - 16],
      order: [0, 1, 3, 2, 4],
    });
  });

  it('backward: rows are inputs, taps look the other way into the gradient of the output', () => {
    const at = arrays(3, 2, 1, live.length);
    const ints = new Int32Array(at.order + live.length);
    fillBackward(ints, at, window, live, live.length, view, LANES);
    expect(read(ints, at)).toEqual({
      rows: [
        [0, 2, 2, 3],
        [3, 3, 4, 5],
      ],
      taps: [96 + 16, 0, -96, 576 + 96 - 16, 576 + 16],
      order: [0, 1, 2, 3, 4],
    });
  });

  it('a layer without live weights has empty rows', () => {
    const at = arrays(2, 2, 2, 0);
    const ints = new Int32Array(at.order).fill(-1);
    fillForward(ints, at, window, new Uint32Array(), 0, { view, shifts: NO_SHIFTS }, LANES);
    expect(read(ints, at)).toEqual({
      rows: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      taps: [],
      order: [],
    });
  });
});

/**
 * Stride 2: one picture of 4 x 4, padding 1, dense. Pixel (v, u) of the padded picture goes to phase (v mod 2, u mod 2), pixel (v/2, u/2):
 *
 *     kernel pixel   0 1 2        phase  A B A        pixel of the phase  00 00 01
 *     (row, column)  3 4 5               C D C                            00 00 01
 *                    6 7 8               A B A                            10 10 11
 *
 * A phase has 3 x 3 pixels of 16 images: rows of 48 and planes of 144 floats; A, B, C, D are planes 0 to 3.
 */
describe('stride 2', () => {
  const window: Window = { outputs: 1, inputs: 1, kernel: 3, stride: 2, pad: 1, low: 1 };
  const phases = { base: 0, block: 4 * 144, plane: 144, row: 48 };
  const [a, b, c, d] = [0, 144, 288, 432];
  const forward = [a, b, a + 16, c, d, c + 16, a + 48, b + 48, a + 48 + 16];

  it('forward: every tap is a constant offset into the phases', () => {
    const at = arrays(1, 1, 4, 9);
    const ints = new Int32Array(at.order + 9);
    fillForward(ints, at, window, undefined, 9, { view: phases, shifts: NO_SHIFTS }, LANES);
    expect(read(ints, at)).toEqual({ rows: [[0, 9]], taps: forward, order: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
    expect([...denseTaps(window, { view: phases, shifts: NO_SHIFTS }, LANES)]).toEqual(forward);
  });

  it('forward, not split: taps are those of stride 1', () => {
    const whole = { view: { base: 0, block: 0, plane: 576, row: 96 }, shifts: NO_SHIFTS };
    expect([...denseTaps({ ...window, low: undefined }, whole, LANES)]).toEqual([-112, -96, -80, -16, 0, 16, 80, 96, 112]);
  });

  /**
   * Output y reads rows 2 y - 1, 2 y and 2 y + 1 through kernel rows 0, 1 and 2. So row 2 y meets kernel row 1 and output y alone; row
   * 2 y + 1 meets kernel row 0 and output y + 1, and kernel row 2 and output y. Columns alike.
   */
  const gradient = { base: 0, block: 0, plane: 256, row: 64 };

  it('backward: every phase has its rows', () => {
    const at = arrays(1, 1, 4, 9, 4);
    const ints = new Int32Array(at.order + 9);
    fillBackward(ints, at, window, undefined, 9, gradient, LANES);
    expect(read(ints, at)).toEqual({
      rows: [
        [0, 1],
        [1, 3],
        [3, 5],
        [5, 9],
      ],
      taps: [0, 16, 0, 64, 0, 64 + 16, 64, 16, 0],
      order: [4, 3, 5, 1, 7, 0, 2, 6, 8],
    });
  });

  it('backward, few dead weights: the taps of one phase behind those of another, dead weights as none', () => {
    const at = { ...arrays(1, 1, 4, 9, 4), dense: true, rows: 0, taps: 5, order: 14 };
    const ints = new Int32Array(23);
    fillDenseBackward(ints, at, window, Uint32Array.of(0, 1, 3, 4, 5, 6, 7, 8), gradient, LANES);
    expect([...ints.slice(0, 5)]).toEqual([0, 1, 3, 5, 9]);
    expect([...ints.slice(5, 14)]).toEqual([0, 16, 0, 64, 0, 64 + 16, 64, 16, 0]);
    expect([...ints.slice(14)]).toEqual([3, 2, 4, 1, 6, 0, -1, 5, 7]);
  });
});

it('taps to the left and right read shifted copies, in odd rows of half a vector the second of each', () => {
  const window: Window = { outputs: 1, inputs: 1, kernel: 3, stride: 1, pad: 1, low: 0 };
  const view = { base: 0, block: 0, plane: 3000, row: 8 };
  const at = (copy: number, floats: number) => copy * 100 + floats;
  const taps = denseTaps(window, { view, shifts: { first: -1, count: 3, residues: 2, size: 100 } }, 1);
  // Copy (s, r) lies 2 s + r copies on, and half a vector more for r = 1: rows above and below then begin at whole vectors.
  const above = [at(-1, 0), at(1, 0), at(3, 0)];
  const same = [at(-2, 0), at(0, 0), at(2, 0)];
  const below = [at(-1, 16), at(1, 16), at(3, 16)];
  expect([...taps]).toEqual([...above, ...same, ...below]);
});

/** Rows of 2 weights, and where given of more. */
const starts = (planes: number, more: Readonly<Record<number, number>> = {}) => {
  const rows = new Int32Array(planes + 1);
  for (let row = 0; row < planes; row++) rows[row + 1] = rows[row]! + (more[row] ?? 2);
  return rows;
};

it('rows of equal length stand side by side, 16 at a time; those of no whole group one after the other', () => {
  const slots = besideSlots(starts(18), { rows: 0, planes: 18 });
  // Row r has weights 2 r and 2 r + 1: the first of each row, then the second of each.
  const group = Array.from({ length: 32 }, (_, k) => (k % 2) * 16 + Math.floor(k / 2));
  expect([...slots]).toEqual([...group, 32, 33, 34, 35]);
});

it('what a row has more than the shortest of its group stands behind the group', () => {
  const slots = besideSlots(starts(16, { 3: 4, 15: 3 }), { rows: 0, planes: 16 });
  expect([...slots.subarray(6, 10)]).toEqual([3, 16 + 3, 32, 33]);
  expect([...slots.subarray(32, 35)]).toEqual([15, 16 + 15, 34]);
  expect([...slots].sort((a, b) => a - b)).toEqual(Array.from({ length: 35 }, (_, k) => k));
});

it('a dense layer with a few dead weights meets them as none', () => {
  const window: Window = { outputs: 1, inputs: 3, kernel: 1, stride: 1, pad: 0, low: 0 };
  const at = { ...arrays(1, 1, 3, 3), dense: true, rows: 3, taps: 0, order: 3 };
  const ints = new Int32Array(6);
  fillDenseForward(ints, at, window, Uint32Array.of(0, 2), { view: { base: 0, block: 0, plane: 7, row: 7 }, shifts: NO_SHIFTS }, LANES);
  expect([...ints]).toEqual([0, 7, 14, 0, -1, 1]);
});

it('dense taps of a linear layer are its inputs one after the other', () => {
  const window: Window = { outputs: 5, inputs: 3, kernel: 1, stride: 1, pad: 0, low: 0 };
  expect([...denseTaps(window, { view: { base: 64, block: 0, plane: LANES, row: LANES }, shifts: NO_SHIFTS }, LANES)]).toEqual([0, 16, 32]);
});
