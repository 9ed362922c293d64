/**
 * The reference executor: every operation of a plan in plain TypeScript, slow and obvious. The oracle for the native kernels, and what
 * runs where those cannot. It reads the same arena; the operations stand in reference/.
 */
import type { Operation, OperationOf } from './ops.ts';
import type { Context } from './reference/context.ts';
import { biasGradient, dense, denseGradient, gather, reduce, weightGradient } from './reference/layers.ts';
import { loss } from './reference/loss.ts';
import { mark } from './reference/mark.ts';
import { border, elementwise, load, pack, reshape, shift, split, store, unload } from './reference/moves.ts';
import { affine, fold, normAgain, normBackward, normTrain, running } from './reference/norm.ts';
import { averagePool, averagePoolBackward, maxPool, maxPoolBackward } from './reference/pool.ts';
import { dropout, memberGradient, memberScale } from './reference/samples.ts';
import { adamw, clip, sgd } from './reference/update.ts';
import type { Executor } from './session.ts';

const OPERATIONS: { readonly [Name in Operation['op']]: (operation: OperationOf<Name>, context: Context) => void } = {
  load,
  pack,
  gather,
  dense,
  weightGradient,
  reduce,
  denseGradient,
  biasGradient,
  normTrain,
  normAgain,
  normBackward,
  fold,
  affine,
  running,
  relu: elementwise,
  reluBackward: elementwise,
  add: elementwise,
  copy: elementwise,
  border,
  maxPool,
  maxPoolBackward,
  averagePool,
  averagePoolBackward,
  reshape,
  shift,
  split,
  loss,
  store,
  sgd,
  adamw,
  clip,
  dropout,
  memberScale,
  memberGradient,
  unload,
  mark,
};

export function referenceExecutor(): Executor<readonly Operation[]> {
  return {
    name: 'reference',
    allocate: (floats, ints) => ({ floats: new Float32Array(floats), ints: new Int32Array(ints) }),
    compile: (operations) => operations,
    run(operations, f, i, lanes, batch) {
      const context = { f, i, lanes, batch, blocks: Math.ceil(batch / lanes) };
      // The table has the right function for each operation, which its type cannot say.
      for (const operation of operations)
        (OPERATIONS[operation.op] as (operation: Operation, context: Context) => void)(operation, context);
    },
  };
}
