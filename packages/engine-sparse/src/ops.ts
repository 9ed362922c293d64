/**
 * The operations of a plan. The same list runs on every executor: `reference.ts` reads these objects, the kernels in C read the records
 * that `encode.ts` makes of them. Offsets count elements from the start of the arena.
 */

/** Where an activation lies: element of (block 0, channel 0, row 0, column 0, image 0), and strides. Columns are `lanes` apart. */
export interface View {
  readonly base: number;
  readonly block: number;
  readonly plane: number;
  readonly row: number;
}

/** Where a view is optional and there is none. */
export const NO_VIEW: View = { base: -1, block: 0, plane: 0, row: 0 };

/**
 * Copies of a tensor of few images whose columns are shifted, so that a tap to the left or right reads whole, aligned vectors. In copy
 * (s, r), column x holds column x + s of the tensor, or zero beyond its edge; s goes from `first` on through `count` shifts. Copy (0, 0) is the
 * tensor itself, and (s, r) lies (s * residues + r) * size + r * FULL / 2 floats behind it: where rows are half a vector long there are two
 * residues, the second for taps in odd rows.
 */
export interface Shifts {
  readonly first: number;
  /** 0: there are none. */
  readonly count: number;
  readonly residues: number;
  readonly size: number;
}

export const NO_SHIFTS: Shifts = { first: 0, count: 0, residues: 1, size: 0 };

interface Size {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}
/** Adds to what stands in `out` instead of replacing it. */
interface Accumulates {
  readonly accumulate: boolean;
}

/** `dense`: all weights live, and lie together for several planes (c/ops.h). */
export interface Gather {
  readonly op: 'gather' | 'dense';
  readonly in: View;
  readonly out: View;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  /** Integers: per block of input channels, `planes + 1` starts of rows. Dense: the number of taps of every plane. */
  readonly rows: number;
  /** Integers: per live weight, an offset from the view `in`. */
  readonly taps: number;
  readonly weights: number;
  readonly channelBlocks: number;
  /** -1: none. */
  readonly bias: number;
  /** What the sums start from, besides the bias: a residual, or `out` itself to add to what stands there. */
  readonly start: View;
  /** With a scale or `rectify`: where sums * scale + shift go, not below 0 if rectified. May be `out`, which then holds nothing else. */
  readonly normed: View;
  /** Per plane; -1: none. */
  readonly scale: number;
  readonly shift: number;
  readonly rectify: boolean;
  readonly chunkPlanes: number;
  readonly chunkRows: number;
  /** Tiles span two rows. */
  readonly pairs: boolean;
  /** Of the input. */
  readonly channels: number;
  /** Columns of the input from one output to the next; so are rows, by the view. */
  readonly inStep: number;
  /**
   * Above 1: the gradient of an input that was read in such steps. Each of its phases, pixels (step y + v, step x + u) for one (v, u), is a sum
   * of its own, with its own rows (c/ops.h); height and width are those of the whole.
   */
  readonly outStep: number;
  /** Of what it writes last, to be filled too. */
  readonly shifts: Shifts;
  /** Where tiles are runs: (chunks of rows, planes, FLAT_FLOATS), the sums between two blocks of channels; else -1. */
  readonly sums: number;
}

export interface WeightGradient {
  readonly op: 'weightGradient';
  readonly in: View;
  readonly gradient: View;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly taps: number;
  readonly channelBlocks: number;
  /** (groups, count, PARTIAL) sums to be reduced. */
  readonly partial: number;
  readonly count: number;
  readonly groups: number;
  readonly chunkPlanes: number;
  /** Tiles span two rows. */
  readonly pairs: boolean;
  /** Of the input. */
  readonly channels: number;
  /** Columns of the input from one output to the next. */
  readonly inStep: number;
}

/** The gradient at every position, live or dead: the same taps for every plane. */
export interface DenseGradient {
  readonly op: 'denseGradient';
  readonly in: View;
  readonly gradient: View;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  /** Integers: offsets from the view `in`. */
  readonly taps: number;
  readonly count: number;
  /** (planes, count) */
  readonly out: number;
  /** Columns of the input from one output to the next. */
  readonly inStep: number;
}

/** One bit per float, the lowest of a 32-bit integer first: 1 where its magnitude is not below `least`, or it is no number. */
export interface Mark {
  readonly op: 'mark';
  readonly in: number;
  readonly count: number;
  /** Of one float. */
  readonly least: number;
  /** Of as many floats as there are words of bits. */
  readonly out: number;
}

export interface Pool extends Size, Accumulates {
  readonly op: 'maxPool' | 'maxPoolBackward' | 'averagePool' | 'averagePoolBackward';
  readonly in: View;
  readonly gradient: View;
  readonly out: View;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly pad: number;
}

export interface Norm extends Size {
  /** `normAgain`: the same values, from the mean and inverse deviation that `normTrain` has left. */
  readonly op: 'normTrain' | 'normAgain';
  readonly in: View;
  readonly out: View;
  readonly scale: number;
  readonly shift: number;
  readonly mean: number;
  readonly variance: number;
  readonly inverse: number;
  readonly eps: number;
  /** A ReLU follows in the same place. */
  readonly rectify: boolean;
}

/** Zeros around a picture. */
export interface Border extends Size {
  readonly op: 'border';
  readonly out: View;
  /** Rows above and columns to the left. */
  readonly low: number;
  /** Rows below and columns to the right. */
  readonly high: number;
}

/** Batch norm with running statistics as one scale and one shift a channel. */
export interface Fold {
  readonly op: 'fold';
  readonly channels: number;
  readonly scale: number;
  readonly shift: number;
  readonly mean: number;
  readonly variance: number;
  readonly eps: number;
  readonly outScale: number;
  readonly outShift: number;
}

/** out = in * scale + shift, a channel, and with `rectify` not below 0. */
export interface Affine extends Size {
  readonly op: 'affine';
  readonly in: View;
  readonly out: View;
  readonly scale: number;
  readonly shift: number;
  readonly rectify: boolean;
}

export interface NormBackward extends Size {
  readonly op: 'normBackward';
  readonly in: View;
  readonly gradient: View;
  readonly out: View;
  /** Added to the result: what other readers of the input have contributed. */
  readonly start: View;
  readonly scale: number;
  readonly shift: number;
  readonly mean: number;
  readonly inverse: number;
  readonly scaleGradient: number;
  readonly shiftGradient: number;
  readonly rectify: boolean;
}

/** relu, copy: out = f(a). reluBackward: out = b where a > 0. add: out = a + b. */
export interface Elementwise extends Size, Accumulates {
  readonly op: 'relu' | 'reluBackward' | 'add' | 'copy';
  readonly a: View;
  readonly b: View;
  readonly out: View;
}

/** Fills the shifted copies of a tensor. */
export interface Shift extends Size {
  readonly op: 'shift';
  readonly out: View;
  readonly shifts: Shifts;
}

/** A picture into the phases of a stride, of few images. */
export interface Split extends Size {
  readonly op: 'split';
  readonly whole: View;
  readonly phases: View;
  readonly phaseHeight: number;
  readonly phaseWidth: number;
  readonly stride: number;
  readonly low: number;
  /** Of the phases. */
  readonly shifts: Shifts;
}

export interface Reshape extends Accumulates {
  readonly op: 'reshape';
  readonly in: View;
  readonly out: View;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly features: number;
}

/** A batch norm's affine map is one too, of one member. */
export interface MemberScale extends Size, Accumulates {
  readonly op: 'memberScale';
  readonly in: View;
  readonly out: View;
  /** (members, channels) */
  readonly scale: number;
  readonly members: number;
  /** Integer: which sample the first image is. */
  readonly first: number;
}

/** Gradients of the factors of a training step, whose first image is sample 0. */
export interface MemberGradient extends Size {
  readonly op: 'memberGradient';
  readonly in: View;
  readonly gradient: View;
  /** (members, channels) */
  readonly out: number;
  readonly members: number;
}

/** Forward and backward: the mask is a function of what keys it, so it is made again instead of kept. */
export interface Dropout extends Size, Accumulates {
  readonly op: 'dropout';
  readonly in: View;
  readonly out: View;
  /** Integers: whether to drop at all, the seed's low and high 32 bits, which sample the first image is. */
  readonly draw: number;
  /** Position of the node in its network. */
  readonly node: number;
  /** 32-bit numbers below this one drop. */
  readonly threshold: number;
  /** What the others are multiplied by. */
  readonly scale: number;
}

export interface Loss {
  readonly op: 'loss';
  readonly logits: View;
  readonly gradient: View;
  /** Of one head. */
  readonly classes: number;
  readonly heads: number;
  /** Integers, (batch, heads); `mixed` has the second label of each. */
  readonly labels: number;
  readonly mixed: number;
  /** Per sample, of the second label. */
  readonly shares: number;
  /** One number: the share of each target that is spread over all classes. */
  readonly smoothing: number;
  /** The heads' losses are added; else averaged. */
  readonly sum: boolean;
  readonly loss: number;
  readonly correct: number;
}

export type Operation =
  | (Size & { readonly op: 'load'; readonly source: number; readonly out: View })
  | { readonly op: 'pack'; readonly out: number; readonly source: number; readonly order: number; readonly count: number }
  | Gather
  | WeightGradient
  | DenseGradient
  | {
      readonly op: 'reduce';
      readonly out: number;
      readonly partial: number;
      readonly count: number;
      readonly groups: number;
      /** Integers: where each sum goes. */
      readonly order: number;
    }
  | (Size & { readonly op: 'biasGradient'; readonly gradient: View; readonly out: number })
  | Norm
  | NormBackward
  | Fold
  | Affine
  | Border
  | {
      readonly op: 'running';
      readonly channels: number;
      readonly runningMean: number;
      readonly runningVariance: number;
      readonly mean: number;
      readonly variance: number;
      readonly momentum: number;
    }
  | Elementwise
  | Pool
  | Reshape
  | Shift
  | Split
  | Loss
  | { readonly op: 'store'; readonly logits: View; readonly classes: number; readonly out: number }
  | (Size & { readonly op: 'unload'; readonly in: View; readonly out: number })
  | Mark
  | Dropout
  | MemberScale
  | MemberGradient
  | {
      readonly op: 'sgd';
      readonly values: number;
      readonly momentum: number;
      readonly gradients: number;
      readonly count: number;
      /** Learning rate, momentum, weight decay. */
      readonly hyper: number;
      readonly nesterov: boolean;
      /** Of the gradients, as `clip` has left it; -1: none. */
      readonly factor: number;
    }
  | {
      readonly op: 'adamw';
      readonly values: number;
      readonly momentum: number;
      readonly secondMoments: number;
      readonly gradients: number;
      readonly count: number;
      /** What decay leaves, rate and root of the second moments corrected for bias, beta1, beta2, eps (update.ts). */
      readonly hyper: number;
      readonly factor: number;
    }
  /** factor = the least of 1 and limit / (2-norm of the gradients + 1e-6). */
  | { readonly op: 'clip'; readonly gradients: number; readonly count: number; readonly limit: number; readonly factor: number };

/** Elements kept for one partial weight gradient. */
export const PARTIAL = 16;

/** Images of a block whose columns are whole vectors; of fewer, which only predictions have, a whole plane is one run of floats. */
export const FULL = 16;

/** Floats of the longest tile along a plane. */
export const FLAT_FLOATS = 320;

/** Planes whose weights a dense layer has side by side. */
export const TILE_PLANES = 4;

type Named<O, Name> = O extends { readonly op: infer Names } ? (Name extends Names ? O : never) : never;
/** The operation of this name. */
export type OperationOf<Name extends Operation['op']> = Named<Operation, Name>;
