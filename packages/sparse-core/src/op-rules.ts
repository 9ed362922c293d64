/** The operations of a network: which keys a node of each may have, and which shape comes out of which. `network()` asks for both. */
import type { OpName } from './spec.ts';

export interface OpRule {
  /** Keys besides id, op and from: how to check them. */
  readonly keys: Readonly<Record<string, (value: unknown) => string | undefined>>;
  readonly required: readonly string[];
  /** How many; of `several`, any number, and they may differ in their channels. */
  readonly inputs: number | 'several';
  /** What is wrong between keys that are right one by one. */
  conflict?(node: Record<string, number | boolean | undefined>): { key: string; expected: string } | undefined;
  /** Output shape, or what was expected of the input. */
  shape(
    node: Record<string, number | boolean | undefined>,
    input: readonly number[],
    inputs: readonly (readonly number[])[],
  ): readonly number[] | string;
}

export const positive = (v: unknown) =>
  Number.isInteger(v) && (v as number) >= 1 && (v as number) <= 1 << 24 ? undefined : 'a whole number from 1 to 16777216';
const natural = (v: unknown) =>
  Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 1 << 24 ? undefined : 'a whole number from 0 to 16777216';
const flag = (v: unknown) => (typeof v === 'boolean' ? undefined : 'true or false');
const share = (v: unknown) => (typeof v === 'number' && v >= 0 && v < 1 ? undefined : 'a number from 0 to below 1');
const fraction = (v: unknown) => (typeof v === 'number' && v > 0 && v <= 1 ? undefined : 'a number in (0, 1]');

function window(input: readonly number[], kernel: number, stride: number, pad: number): [number, number] | string {
  if (input.length !== 3) return 'an input of shape (C, H, W)';
  const [, height = 0, width = 0] = input;
  if (height + 2 * pad < kernel || width + 2 * pad < kernel) return `an input of at least ${kernel - 2 * pad} x ${kernel - 2 * pad}`;
  return [Math.floor((height + 2 * pad - kernel) / stride) + 1, Math.floor((width + 2 * pad - kernel) / stride) + 1];
}

const avgPool: OpRule = {
  keys: { kernel: positive, stride: positive },
  required: ['kernel'],
  inputs: 1,
  shape(node, input) {
    const size = window(input, node.kernel as number, (node.stride ?? node.kernel) as number, (node.pad ?? 0) as number);
    return typeof size === 'string' ? size : [input[0]!, ...size];
  },
};

const maxPool: OpRule = {
  ...avgPool,
  keys: { ...avgPool.keys, pad: natural },
  // A window of padding alone would have no largest value.
  conflict: (node) =>
    ((node.pad ?? 0) as number) < (node.kernel as number) ? undefined : { key: 'pad', expected: `less than the kernel, ${node.kernel}` },
};

export const OPS: Readonly<Record<OpName, OpRule>> = {
  conv2d: {
    keys: { out: positive, kernel: positive, stride: positive, pad: natural, bias: flag, dense: flag },
    required: ['out', 'kernel'],
    inputs: 1,
    shape(node, input) {
      const size = window(input, node.kernel as number, (node.stride ?? 1) as number, (node.pad ?? 0) as number);
      return typeof size === 'string' ? size : [node.out as number, ...size];
    },
  },
  linear: {
    keys: { out: positive, bias: flag, dense: flag },
    required: ['out'],
    inputs: 1,
    shape: (node, input) => (input.length === 1 ? [node.out as number] : 'an input of shape (features); put a flatten node before it'),
  },
  batchNorm: { keys: { eps: fraction, momentum: fraction }, required: [], inputs: 1, shape: (_, input) => input },
  maxPool,
  avgPool,
  dropout: { keys: { rate: share }, required: ['rate'], inputs: 1, shape: (_, input) => input },
  memberScale: { keys: { members: positive }, required: ['members'], inputs: 1, shape: (_, input) => input },
  concat: {
    keys: {},
    required: [],
    inputs: 'several',
    shape: (_, input, inputs) => [inputs.reduce((sum, [channels]) => sum + channels!, 0), ...input.slice(1)],
  },
  relu: { keys: {}, required: [], inputs: 1, shape: (_, input) => input },
  add: { keys: {}, required: [], inputs: 2, shape: (_, input) => input },
  globalAvgPool: {
    keys: {},
    required: [],
    inputs: 1,
    shape: (_, input) => (input.length === 3 ? [input[0]!] : 'an input of shape (C, H, W)'),
  },
  flatten: { keys: {}, required: [], inputs: 1, shape: (_, input) => [input.reduce((a, b) => a * b, 1)] },
};
