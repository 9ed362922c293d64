/**
 * Residual networks with the activation after the addition: the small ones for 32 x 32 pictures (20 to 110 layers), and the large ones
 * (18 to 152 layers) with the stem for ImageNet or for small pictures. Shortcuts are 1x1 convolutions with batch normalization where the
 * shape changes (option B).
 */
import { SparseError } from '../errors.ts';
import type { NetworkSpec } from '../spec.ts';
import { Graph } from './graph.ts';
import { imageShape, type ModelOptions } from './options.ts';
import { type Block, basicBlock, bottleneck } from './residual-block.ts';

export interface CifarResNetOptions extends ModelOptions {
  /** Weight layers in all, shortcuts aside: 6 n + 2. */
  readonly depth: number;
}

/**
 * ResNet-20, -32, -44, -56 or -110 for 32 x 32 pictures: a 3x3 stem, three segments of n basic blocks with 16, 32 and 64 channels.
 * @source He et al., arXiv:1512.03385, section 4.2, with convolutions as shortcuts (option B); named as VITA-Group/Random_Pruning names them
 * @throws SparseError INVALID_ARGUMENT when depth is not 6 n + 2
 */
export function cifarResNet({ depth, classes = 10, input = [3, 32, 32] }: CifarResNetOptions): NetworkSpec {
  if (!Number.isInteger(depth) || depth < 8 || (depth - 2) % 6 !== 0)
    throw new SparseError('INVALID_ARGUMENT', 'depth', 'a depth of 6 n + 2, such as 20, 32, 44, 56 or 110', depth);
  const name = `resnet-${depth}`;
  const blocks = (depth - 2) / 6;
  const graph = new Graph();
  let from = graph.relu('relu', graph.batchNorm('bn', graph.conv('conv', 'input', 16, 3)));
  for (let i = 0; i < 3 * blocks; i++) {
    const segment = Math.floor(i / blocks);
    const narrows = segment > 0 && i % blocks === 0;
    const options = { width: 16 * 2 ** segment, stride: narrows ? 2 : 1, shortcut: narrows ? 'shortcut' : undefined };
    from = basicBlock(graph, `blocks.${i}`, from, options);
  }
  const output = graph.classifier(from, classes);
  return { version: 1, name, input: { shape: imageShape(name, input, 4) }, nodes: graph.nodes, output, initialization: 'he-fan-in' };
}

/** ResNet-20 for 32 x 32 pictures; see `cifarResNet`. */
export const resnet20 = (options: ModelOptions = {}): NetworkSpec => cifarResNet({ depth: 20, ...options });

export interface ResNetOptions extends ModelOptions {
  readonly depth: 18 | 34 | 50 | 101 | 152;
  /**
   * `imagenet` (default): 7x7 with stride 2, then max-pooling; named as torchvision names it. `cifar`: 3x3 with stride 1, no pooling, and a
   * classifier without bias; named as ITOP names it.
   */
  readonly stem?: 'imagenet' | 'cifar';
  /** Channels of the stem and of the first stage; each later stage has twice as many. Default 64. */
  readonly width?: number;
}

const STAGES: Readonly<
  Record<ResNetOptions['depth'], { readonly block: Block; readonly grows: number; readonly blocks: readonly number[] }>
> = {
  18: { block: basicBlock, grows: 1, blocks: [2, 2, 2, 2] },
  34: { block: basicBlock, grows: 1, blocks: [3, 4, 6, 3] },
  50: { block: bottleneck, grows: 4, blocks: [3, 4, 6, 3] },
  101: { block: bottleneck, grows: 4, blocks: [3, 4, 23, 3] },
  152: { block: bottleneck, grows: 4, blocks: [3, 8, 36, 3] },
};

/**
 * ResNet-18 to -152, in the variant called v1.5: the stride of a bottleneck stands in its 3x3 convolution.
 * @source He et al., arXiv:1512.03385, table 1; with the stem `cifar` as in ITOP, arXiv:2102.02887
 * @throws SparseError INVALID_ARGUMENT for another depth, or a picture that is too small
 */
export function resnet({ depth, stem = 'imagenet', width = 64, ...model }: ResNetOptions): NetworkSpec {
  if (!Object.hasOwn(STAGES, depth)) throw new SparseError('INVALID_ARGUMENT', 'depth', `one of ${Object.keys(STAGES).join(', ')}`, depth);
  if (!Number.isInteger(width) || width < 1) throw new SparseError('INVALID_ARGUMENT', 'width', 'a whole number of at least 1', width);
  const forCifar = stem === 'cifar';
  const name = `resnet-${depth}${forCifar ? '-cifar' : ''}${width === 64 ? '' : `-w${width}`}`;
  const { classes = forCifar ? 10 : 1000, input = forCifar ? [3, 32, 32] : [3, 224, 224] } = model;
  const graph = new Graph();
  const first = forCifar ? graph.conv('conv1', 'input', width, 3) : graph.conv('conv1', 'input', width, 7, 2);
  let from = graph.relu('relu', graph.batchNorm('bn1', first));
  if (!forCifar) from = graph.maxPool('maxpool', from, 3, 2, 1);
  const { block, grows, blocks } = STAGES[depth];
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const changes = i === 0 && (stage > 0 || grows > 1);
      from = block(graph, `layer${stage + 1}.${i}`, from, {
        width: width * 2 ** stage,
        stride: stage > 0 && i === 0 ? 2 : 1,
        shortcut: changes ? (forCifar ? 'shortcut' : 'downsample') : undefined,
      });
    }
  });
  const output = forCifar ? graph.classifier(from, classes, { id: 'classifier', bias: false }) : graph.classifier(from, classes);
  return {
    version: 1,
    name,
    input: { shape: imageShape(name, input, forCifar ? 8 : 32) },
    nodes: graph.nodes,
    output,
    initialization: forCifar ? 'torch' : 'he-fan-in',
  };
}

/** ResNet-50 for ImageNet; see `resnet`. */
export const resnet50 = (options: ModelOptions = {}): NetworkSpec => resnet({ depth: 50, ...options });
