/** What every operation of the reference executor gets: the arena and the batch. */
import type { View } from '../ops.ts';

export interface Context {
  /** Floats and integers of the arena. */
  readonly f: Float32Array;
  readonly i: Int32Array;
  /** Images of one block. */
  readonly lanes: number;
  readonly batch: number;
  readonly blocks: number;
}

/** Index of the first image of (block, channel, row, column). Columns are `lanes` apart, so a row of a picture is one run of floats. */
export const at = (v: View, c: Context, block: number, channel: number, row: number, column = 0): number =>
  v.base + block * v.block + channel * v.plane + row * v.row + column * c.lanes;

/** Images of a block that belong to the batch; what stands in the lanes behind them is not to be used. */
export const validLanes = (c: Context, block: number): number => Math.min(c.lanes, c.batch - block * c.lanes);
