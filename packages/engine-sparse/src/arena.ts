/** Where things lie: one array of floats and one of integers hold everything a session needs; a plan hands out their parts. */
import { FULL, type View } from './ops.ts';

/** Channels, rows and columns of an activation and the border of zeros around it. Shape (C, H, W); a vector of features is (C, 1, 1). */
export interface Geometry {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Rows above and columns to the left. */
  readonly low: number;
  /** Rows below and columns to the right. */
  readonly high: number;
}

export interface Tensor extends Geometry {
  readonly view: View;
}

/** Counts out parts of the two arrays. Parts start at multiples of 64 bytes, so that every vector of images is aligned. */
export class Arena {
  readonly lanes: number;
  readonly blocks: number;
  #floats = 0;
  #ints = 0;
  readonly #free = new Map<string, Tensor[]>();

  /** @param lanes images of one block  @param blocks blocks of the largest batch */
  constructor(lanes: number, blocks: number) {
    this.lanes = lanes;
    this.blocks = blocks;
  }

  get floatCount(): number {
    return this.#floats;
  }

  get intCount(): number {
    return this.#ints;
  }

  floats(count: number): number {
    const start = this.#floats;
    this.#floats += Math.ceil(count / 16) * 16;
    return start;
  }

  ints(count: number): number {
    const start = this.#ints;
    this.#ints += Math.ceil(count / 16) * 16;
    return start;
  }

  /** A released tensor of the same geometry, or a new one. Its border is zero either way: nobody writes there. Its values may be anything. */
  tensor(geometry: Geometry): Tensor {
    return this.#free.get(keyOf(geometry))?.pop() ?? this.zeroTensor(geometry);
  }

  /** A tensor that nobody has used: zero until it is written. */
  zeroTensor(geometry: Geometry): Tensor {
    const { channels, height, width, low, high } = geometry;
    const row = (low + width + high) * this.lanes;
    // Where a plane is one run of floats, its last vector may reach beyond it, and what reads below and right of the last plane meets zeros.
    const flat = this.lanes < FULL;
    const plane = (low + height + high) * row + (flat ? FULL : 0);
    const beyond = flat ? (low + 1) * row + FULL : 0;
    const start = this.floats(plane * channels * this.blocks + beyond);
    return {
      channels,
      height,
      width,
      low,
      high,
      view: { base: start + low * row + low * this.lanes, block: plane * channels, plane, row },
    };
  }

  release(tensor: Tensor): void {
    const key = keyOf(tensor);
    this.#free.set(key, [...(this.#free.get(key) ?? []), tensor]);
  }
}

const keyOf = ({ channels, height, width, low, high }: Geometry): string => [channels, height, width, low, high].join();
