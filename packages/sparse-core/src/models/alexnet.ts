/** AlexNet for 32 x 32 pictures as sparse-training papers have it: strides in the place of pooling, batch normalization in that of dropout. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeSpec } from '../spec.ts';
import { imageShape, type ModelOptions } from './options.ts';
import { Sequential } from './sequential.ts';

export interface AlexNetOptions extends ModelOptions {
  /** Hidden layers of 1024 (`s`) or 2048 (`b`). */
  readonly variant: 's' | 'b';
}

const CONVOLUTIONS = [
  { out: 96, kernel: 11, pad: 2 },
  { out: 256, kernel: 5, pad: 2 },
  { out: 384, kernel: 3, pad: 1 },
  { out: 384, kernel: 3, pad: 1 },
  { out: 256, kernel: 3, pad: 1 },
];

/**
 * AlexNet-s or AlexNet-b: convolutions (with bias) of stride 2, each followed by batch normalization and ReLU, on maps of 13, 7, 4, 2 and 1; then two
 * hidden layers in the order linear, batch normalization, ReLU.
 * @source SNIP, arXiv:1810.02340, in the code of ITOP, arXiv:2102.02887; parameters are named as there
 * @throws SparseError INVALID_ARGUMENT for another variant, or a picture below 7 x 7
 */
export function alexNet({ variant, classes = 10, input = [3, 32, 32] }: AlexNetOptions): NetworkSpec {
  if (variant !== 's' && variant !== 'b') throw new SparseError('INVALID_ARGUMENT', 'variant', 's or b', variant);
  const name = `alexnet-${variant}`;
  const hidden = variant === 's' ? 1024 : 2048;
  const nodes: NodeSpec[] = [];
  const features = new Sequential(nodes, 'features', 'input');
  for (const convolution of CONVOLUTIONS) features.add({ op: 'conv2d', ...convolution, stride: 2 }, { op: 'batchNorm' }, { op: 'relu' });
  nodes.push({ id: 'flatten', op: 'flatten', from: [features.last] });
  const classifier = new Sequential(nodes, 'classifier', 'flatten');
  for (let i = 0; i < 2; i++) classifier.add({ op: 'linear', out: hidden }, { op: 'batchNorm' }, { op: 'relu' });
  classifier.add({ op: 'linear', out: classes });
  return { version: 1, name, input: { shape: imageShape(name, input, 7) }, nodes, output: classifier.last };
}
