/** VGG for 32 x 32 pictures as sparse-training papers have it: short classifiers, batch normalization in the place of dropout. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeSpec, OpSpec } from '../spec.ts';
import { imageShape, type ModelOptions } from './options.ts';
import { Sequential } from './sequential.ts';

export interface VggOptions extends ModelOptions {
  /**
   * `d`: thirteen 3x3 convolutions and three linear layers. `c`: the third convolution of the last three groups is 1x1; it keeps padding 1, so the
   * map grows by 2 there. `like`: as `d`, with one linear layer less.
   */
  readonly variant: 'c' | 'd' | 'like';
}

/** Channels of the convolutions of each group; max-pooling halves the map after each. */
const GROUPS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

const VARIANTS = {
  c: { thirdKernel: 1, hiddenLayers: 2, smallest: 4 },
  d: { thirdKernel: 3, hiddenLayers: 2, smallest: 32 },
  like: { thirdKernel: 3, hiddenLayers: 1, smallest: 32 },
};

/**
 * VGG-C, VGG-D or VGG-like: units of convolution (with bias), batch normalization, ReLU; then hidden layers of 512 in the order linear, ReLU, batch
 * normalization.
 * @source SNIP, arXiv:1810.02340, in the code of ITOP, arXiv:2102.02887; parameters are named as there
 * @throws SparseError INVALID_ARGUMENT for another variant, or a picture that is too small
 */
export function vgg({ variant, classes = 10, input = [3, 32, 32] }: VggOptions): NetworkSpec {
  if (!Object.hasOwn(VARIANTS, variant)) throw new SparseError('INVALID_ARGUMENT', 'variant', 'c, d or like', variant);
  const { thirdKernel, hiddenLayers, smallest } = VARIANTS[variant];
  const name = `vgg-${variant}`;
  const nodes: NodeSpec[] = [];
  const features = new Sequential(nodes, 'features', 'input');
  for (const group of GROUPS) {
    group.forEach((out, i) => {
      features.add(...unit(out, i === 2 ? thirdKernel : 3));
    });
    features.add({ op: 'maxPool', kernel: 2 });
  }
  nodes.push({ id: 'flatten', op: 'flatten', from: [features.last] });
  const classifier = new Sequential(nodes, 'classifier', 'flatten');
  for (let i = 0; i < hiddenLayers; i++) classifier.add({ op: 'linear', out: 512 }, { op: 'relu' }, { op: 'batchNorm' });
  classifier.add({ op: 'linear', out: classes });
  return { version: 1, name, input: { shape: imageShape(name, input, smallest) }, nodes, output: classifier.last };
}

const unit = (out: number, kernel: number): OpSpec[] => [{ op: 'conv2d', out, kernel, pad: 1 }, { op: 'batchNorm' }, { op: 'relu' }];
