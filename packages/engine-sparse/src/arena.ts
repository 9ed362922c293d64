/** Where things lie: one array of floats and one of integers hold everything a session needs; a plan hands out their parts. */
import { FULL, NO_SHIFTS, type Shifts, type View } from './ops.ts';
import type { Life, Pool } from './pool.ts';

/** Channels, rows and columns of an activation and the border of zeros around it. Shape (C, H, W); a vector of features is (C, 1, 1). */
export interface Geometry {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Rows above and columns to the left. */
  readonly low: number;
  /** Rows below and columns to the right. */
  readonly high: number;
  /** Of few images: what a plane is as one run of floats. Its border is of rows only. */
  readonly run?: Run;
}

export interface Run {
  /** Floats from one row to the next. */
  readonly row: number;
  /** Columns to the left (not above 0) and to the right that the layers read which read whole rows. */
  readonly first: number;
  readonly last: number;
}

export interface Tensor extends Geometry {
  readonly view: View;
  readonly shifts: Shifts;
}

const PAGE_FLOATS = 1024;

/** A part of the floats, from start up to end, and the geometry of the tensor that lies there. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly key: string;
}

/** Counts out parts of the two arrays. Parts start at multiples of 64 bytes, so that every vector of images is aligned. */
export class Arena {
  readonly lanes: number;
  readonly blocks: number;
  readonly #pool: Pool | undefined;
  #poolStart = -1;
  #floats = 0;
  #ints = 0;
  #clock = 0;
  readonly #given: Part[] = [];
  readonly #lives: Life[] = [];
  readonly #indices = new Map<Tensor, number>();
  /** Places of tensors that are done, by geometry: others of the same geometry may take them. */
  readonly #free = new Map<string, number[]>();

  /**
   * @param lanes images of one block  @param blocks blocks of the largest batch
   * @param pool where the tensors lie that are asked for, in this order; who gives it clears borders that are `disturbed`
   */
  constructor(lanes: number, blocks: number, pool?: Pool) {
    this.lanes = lanes;
    this.blocks = blocks;
    this.#pool = pool;
  }

  /** Sizes and life times of all tensors so far: what a pool is made from. */
  get lives(): readonly Life[] {
    return this.#lives;
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

  /** Whether the pixels of a tensor without a border lie one behind the other, plane after plane. */
  contiguous({ height, width }: Pick<Geometry, 'height' | 'width'>): boolean {
    const floats = height * width * this.lanes;
    return planeFloats(floats, width * this.lanes) === floats;
  }

  /** Its values may be anything; its border is zero unless `disturbed`. */
  tensor(geometry: Geometry): Tensor {
    const size = this.#sizeOf(geometry);
    const index = this.#lives.push({ size, birth: this.#clock++, death: Number.POSITIVE_INFINITY }) - 1;
    return this.#give(geometry, this.#pooled(index) ?? this.#free.get(keyOf(geometry))?.pop() ?? this.floats(size), index);
  }

  release(tensor: Tensor): void {
    const { start, key } = this.#partOf(tensor);
    const index = this.#indices.get(tensor)!;
    this.#lives[index] = { ...this.#lives[index]!, death: this.#clock++ };
    this.#free.set(key, [...(this.#free.get(key) ?? []), start]);
  }

  /** Whether others write where this tensor has its border. */
  disturbed(tensor: Tensor): boolean {
    const own = this.#partOf(tensor);
    const other = ({ start, end, key }: Part) => start < own.end && end > own.start && (start !== own.start || key !== own.key);
    return tensor.low + tensor.high > 0 && this.#given.some(other);
  }

  #pooled(index: number): number | undefined {
    if (!this.#pool) return undefined;
    if (this.#poolStart < 0) this.#poolStart = this.floats(this.#pool.size);
    return this.#poolStart + this.#pool.starts[index]!;
  }

  #give(geometry: Geometry, start: number, index: number): Tensor {
    const { row, plane, shifts } = this.#strides(geometry);
    const view = { base: start + this.#ahead(geometry), block: plane * geometry.channels, plane, row };
    const tensor = { ...geometry, view, shifts };
    this.#given.push(this.#partOf(tensor));
    this.#indices.set(tensor, index);
    return tensor;
  }

  #strides(geometry: Geometry): { readonly row: number; readonly plane: number; readonly shifts: Shifts } {
    const { height, width, low, high, run } = geometry;
    if (run) {
      // The last vector of a run may reach beyond it, and so may a tap's that reads below; an output may be wider than its input.
      const length = height * run.row;
      const count = run.last - run.first + 1;
      const residues = count > 1 && run.row % FULL === FULL / 2 ? 2 : 1;
      const size = wholeVectors(low * run.row) + wholeVectors(wholeVectors(length) + high * run.row + ((residues - 1) * FULL) / 2);
      if (count === 1) return { row: run.row, plane: size, shifts: NO_SHIFTS };
      return { row: run.row, plane: count * residues * size, shifts: { first: run.first, count, residues, size } };
    }
    const row = (low + width + high) * this.lanes;
    return { row, plane: planeFloats((low + height + high) * row, row), shifts: NO_SHIFTS };
  }

  /** Floats of a tensor before its row 0, column 0. */
  #ahead(geometry: Geometry): number {
    const { low, run } = geometry;
    const { row, shifts } = this.#strides(geometry);
    return run ? wholeVectors(low * row) - shifts.first * shifts.residues * shifts.size : low * row + low * this.lanes;
  }

  /** Of a run, who reads the last column reads a whole vector. */
  #sizeOf(geometry: Geometry): number {
    return wholeVectors(this.#strides(geometry).plane * geometry.channels * this.blocks) + (geometry.run ? FULL : 0);
  }

  #partOf(tensor: Tensor): Part {
    const start = tensor.view.base - this.#ahead(tensor);
    return { start, end: start + this.#sizeOf(tensor), key: keyOf(tensor) };
  }
}

/**
 * Planes of whole pages would have their pixels on the same few cache lines, as many layers read pixel by pixel through all planes: those get
 * five lines more. A plane of one pixel has none, so that it can be a feature of a flattened picture.
 */
const planeFloats = (floats: number, row: number): number => (floats > row && floats % PAGE_FLOATS === 0 ? floats + 5 * FULL : floats);

const wholeVectors = (floats: number): number => Math.ceil(floats / FULL) * FULL;

const keyOf = ({ channels, height, width, low, high, run }: Geometry): string =>
  [channels, height, width, low, high, run?.row, run?.first, run?.last].join();
