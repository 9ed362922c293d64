/**
 * How many input channels of a layer an operation takes at once, so that their part of a tile stays in the cache while the live weights of the
 * outputs pass by. The sizes are measured: docs/performance.md.
 */
import type { Tensor } from './arena.ts';
import { FULL } from './ops.ts';
import { FLAT_VECTORS } from './pitch.ts';
import { planesRead, type Window } from './taps.ts';

/** Images of one block where there are pictures. */
export const PICTURE_LANES = 32;

/** Bytes of input that one block of channels may take while a tile of outputs passes: the larger part of an L1 cache. */
const BLOCK_BYTES = 40 * 1024;
/** A dense linear layer reads each input once for several outputs, WebAssembly in narrow vectors: their blocks are sized for the L2 cache. */
const LINEAR_BLOCK_INPUTS = 512;
/** A sparse one reads it for each: the L1 cache, but so many live weights of a row that its sums' way to memory and back is worth it. */
const LINEAR_BLOCK_BYTES = 32 * 1024;
const LINEAR_BLOCK_WEIGHTS = 16;
const TILE_COLUMNS = 4;
/** Floats of the longest tile that is a run. */
const RUN_FLOATS = 48;
/** What all layers of a plan have in common. */
export interface Tiling {
  /** Images of one block. */
  readonly lanes: number;
  /** Whether convolutions have pictures to work on; else all layers are linear, or as good as. */
  readonly pictures: boolean;
  /** Whether tiles are runs of floats along a row, as in WebAssembly; else they span columns, and rows. */
  readonly rowTiles: boolean;
}

export interface Blocking {
  readonly channelsPerBlock: number;
  /** Tiles span two rows: that halves what is read around a tile, but more channels than fit at once are needed for it to matter. */
  readonly pairs: boolean;
}

/** @param density share of the layer's weights that an operation reads */
export function blockingOf(window: Window, channels: number, density: number, tiling: Tiling, input?: Tensor): Blocking {
  const { lanes, pictures, rowTiles } = tiling;
  if (!pictures) return { channelsPerBlock: rowTiles ? LINEAR_BLOCK_INPUTS : linearBlock(channels, lanes, density), pairs: false };
  const reach = Math.ceil(window.kernel / window.stride);
  const fitting = (floats: number) => Math.max(4, Math.floor(BLOCK_BYTES / (floats * 4)));
  if (input?.run) {
    const rows = Math.min(input.height, (FLAT_VECTORS * FULL) / input.run.row) + reach - 1;
    const floats = planesRead(window, input) * rows * input.run.row;
    return { channelsPerBlock: fitting(floats), pairs: false };
  }
  if (rowTiles) return { channelsPerBlock: evenly(channels, fitting(readByRun(window))), pairs: false };
  const tile = (rows: number) => fitting((rows + reach - 1) * (TILE_COLUMNS + reach - 1) * PICTURE_LANES);
  const pairs = reach > 1 && lanes === PICTURE_LANES && channels > tile(1);
  return { channelsPerBlock: tile(pairs ? 2 : 1), pairs };
}

/** Floats of one channel of a picture, or of all its phases, that a tile reads which is a run. */
const readByRun = ({ kernel, stride }: Window): number =>
  kernel * (Math.min(kernel, stride) * RUN_FLOATS + Math.max(0, kernel - stride) * PICTURE_LANES);

/** Inputs of one block of a linear layer. */
function linearBlock(inputs: number, lanes: number, density: number): number {
  if (density === 1) return LINEAR_BLOCK_INPUTS;
  const most = Math.max(Math.floor(LINEAR_BLOCK_BYTES / (lanes * 4)), Math.ceil(LINEAR_BLOCK_WEIGHTS / density));
  return evenly(inputs, Math.min(inputs, most));
}

/** How many of `count` each part takes, where one may take `most`. */
const evenly = (count: number, most: number): number => Math.ceil(count / Math.ceil(count / most));
