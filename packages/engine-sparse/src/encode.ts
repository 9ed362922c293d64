/**
 * Operations as the native kernels read them: records of integers, which c/ops.h takes for structs (a test compares the two). A new operation
 * needs its fields here.
 */
import type { Operation, OperationOf, Shifts, View } from './ops.ts';

/** 32-bit integers of one record. */
export const FIELDS = 40;

type Layout = { readonly [Name in Operation['op']]: readonly Exclude<keyof OperationOf<Name>, 'op'>[] };

const SIZE = ['channels', 'height', 'width'] as const;
const PLANES = ['planes', 'height', 'width'] as const;
const GATHER = [
  ...(['in', 'out', 'start', 'normed', ...PLANES, 'rows', 'taps', 'weights', 'channelBlocks', 'bias'] as const),
  ...(['scale', 'shift', 'rectify', 'chunkPlanes', 'chunkRows', 'pairs', 'channels'] as const),
  ...(['inStep', 'outStep', 'shifts', 'sums'] as const),
] as const;
const NORM = ['in', 'out', ...SIZE, 'scale', 'shift', 'mean', 'variance', 'inverse', 'eps', 'rectify'] as const;
const ELEMENTWISE = ['a', 'b', 'out', ...SIZE, 'accumulate'] as const;
const POOL = [
  ...(['in', 'gradient', 'out', ...SIZE, 'inHeight', 'inWidth'] as const),
  ...(['kernelHeight', 'kernelWidth', 'stride', 'pad', 'accumulate'] as const),
] as const;
const SPLIT = ['whole', 'phases', ...SIZE, 'phaseHeight', 'phaseWidth', 'stride', 'low', 'shifts'] as const;

/** In the order of the enumeration in c/ops.h; the fields of each in the order of its struct. A view takes four integers, as do shifts. */
export const LAYOUT: Layout = {
  load: ['source', 'out', ...SIZE],
  pack: ['out', 'source', 'order', 'count'],
  gather: GATHER,
  dense: GATHER,
  weightGradient: [
    'in',
    'gradient',
    ...PLANES,
    'rows',
    'taps',
    'channelBlocks',
    'partial',
    'count',
    'groups',
    'chunkPlanes',
    'pairs',
    'channels',
    'inStep',
  ],
  reduce: ['out', 'partial', 'count', 'groups', 'order'],
  denseGradient: ['in', 'gradient', ...PLANES, 'taps', 'count', 'out', 'inStep'],
  biasGradient: ['gradient', ...SIZE, 'out'],
  normTrain: NORM,
  normAgain: NORM,
  normBackward: [
    'in',
    'gradient',
    'out',
    'start',
    ...SIZE,
    'scale',
    'shift',
    'mean',
    'inverse',
    'scaleGradient',
    'shiftGradient',
    'rectify',
  ],
  fold: ['channels', 'scale', 'shift', 'mean', 'variance', 'eps', 'outScale', 'outShift'],
  affine: ['in', 'out', ...SIZE, 'scale', 'shift', 'rectify'],
  running: ['channels', 'runningMean', 'runningVariance', 'mean', 'variance', 'momentum'],
  relu: ELEMENTWISE,
  reluBackward: ELEMENTWISE,
  maxPool: POOL,
  maxPoolBackward: POOL,
  averagePool: POOL,
  averagePoolBackward: POOL,
  add: ELEMENTWISE,
  copy: ELEMENTWISE,
  border: ['out', ...SIZE, 'low', 'high'],
  reshape: ['in', 'out', 'inHeight', 'inWidth', 'outHeight', 'outWidth', 'features', 'accumulate'],
  shift: ['out', ...SIZE, 'shifts'],
  split: SPLIT,
  loss: ['logits', 'gradient', 'classes', 'heads', 'labels', 'mixed', 'shares', 'smoothing', 'sum', 'loss', 'correct'],
  store: ['logits', 'classes', 'out'],
  sgd: ['values', 'momentum', 'gradients', 'count', 'hyper', 'nesterov', 'factor'],
  adamw: ['values', 'momentum', 'secondMoments', 'gradients', 'count', 'hyper', 'factor'],
  clip: ['gradients', 'count', 'limit', 'factor'],
  dropout: ['in', 'out', ...SIZE, 'draw', 'node', 'threshold', 'scale', 'accumulate'],
  memberScale: ['in', 'out', ...SIZE, 'scale', 'members', 'first', 'accumulate'],
  memberGradient: ['in', 'gradient', ...SIZE, 'out', 'members'],
  unload: ['in', ...SIZE, 'out'],
  mark: ['in', 'count', 'least', 'out'],
};
/** The enumeration starts at 1. */
const CODES = new Map(Object.keys(LAYOUT).map((op, index) => [op, index + 1]));

/** The records that the native kernels read. */
export function encode(operations: readonly Operation[]): Int32Array {
  const records = new Int32Array(operations.length * FIELDS);
  operations.forEach((operation, index) => {
    const fields = operation as unknown as Readonly<Record<string, number | boolean | View | Shifts>>;
    const values = LAYOUT[operation.op].flatMap((field) => {
      const value = fields[field]!;
      if (typeof value !== 'object') return [Number(value)];
      return 'base' in value ? [value.base, value.block, value.plane, value.row] : [value.first, value.count, value.residues, value.size];
    });
    records.set([CODES.get(operation.op)!, ...values], index * FIELDS);
  });
  return records;
}
