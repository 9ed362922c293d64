/** Residual networks with the activation after the addition; shortcuts are 1x1 convolutions with batch normalization where the shape changes. */
import type { NetworkSpec, NodeId } from '../spec.ts';
import { Graph } from './graph.ts';
import { imageShape, type ModelOptions } from './options.ts';

/**
 * ResNet-20 for 32 x 32 images: a 3x3 stem, three segments of three blocks with 16, 32 and 64 channels.
 * @source He et al., arXiv:1512.03385, section 4.2, with convolutions as shortcuts (option B)
 */
export function resnet20({ classes = 10, input = [3, 32, 32] }: ModelOptions = {}): NetworkSpec {
  const graph = new Graph();
  let from = graph.relu('relu', graph.batchNorm('bn', graph.conv('conv', 'input', 16, 3)));
  for (let i = 0; i < 9; i++) {
    const segment = Math.floor(i / 3);
    from = basicBlock(graph, `blocks.${i}`, from, 16 * 2 ** segment, segment > 0 && i % 3 === 0 ? 2 : 1);
  }
  const output = graph.classifier(from, classes);
  return {
    version: 1,
    name: 'resnet-20',
    input: { shape: imageShape('resnet-20', input, 4) },
    nodes: graph.nodes,
    output,
    initialization: 'he-fan-in',
  };
}

/** Two 3x3 convolutions; a stride above 1 also changes the width. */
function basicBlock(graph: Graph, id: string, from: NodeId, out: number, stride: number): NodeId {
  const hidden = graph.relu(`${id}.relu1`, graph.batchNorm(`${id}.bn1`, graph.conv(`${id}.conv1`, from, out, 3, stride)));
  const residual = graph.batchNorm(`${id}.bn2`, graph.conv(`${id}.conv2`, hidden, out, 3));
  const shortcut = stride === 1 ? from : graph.batchNorm(`${id}.shortcut.1`, graph.conv(`${id}.shortcut.0`, from, out, 1, stride));
  return graph.relu(`${id}.relu2`, graph.add(`${id}.add`, residual, shortcut));
}

/**
 * ResNet-50 for ImageNet, the variant called v1.5: the stride stands in the 3x3 convolution. Parameters are named as torchvision names them.
 * @source He et al., arXiv:1512.03385, table 1
 */
export function resnet50({ classes = 1000, input = [3, 224, 224] }: ModelOptions = {}): NetworkSpec {
  const graph = new Graph();
  const stem = graph.relu('relu', graph.batchNorm('bn1', graph.conv('conv1', 'input', 64, 7, 2)));
  let from = graph.maxPool('maxpool', stem, 3, 2, 1);
  [3, 4, 6, 3].forEach((blocks, stage) => {
    for (let i = 0; i < blocks; i++)
      from = bottleneck(graph, `layer${stage + 1}.${i}`, from, {
        width: 64 * 2 ** stage,
        stride: stage > 0 && i === 0 ? 2 : 1,
        project: i === 0,
      });
  });
  const output = graph.classifier(from, classes);
  return {
    version: 1,
    name: 'resnet-50',
    input: { shape: imageShape('resnet-50', input, 32) },
    nodes: graph.nodes,
    output,
    initialization: 'he-fan-in',
  };
}

/** 1x1 to `width`, 3x3, 1x1 to four times `width`. */
function bottleneck(
  graph: Graph,
  id: string,
  from: NodeId,
  { width, stride, project }: { width: number; stride: number; project: boolean },
): NodeId {
  const narrow = graph.relu(`${id}.relu1`, graph.batchNorm(`${id}.bn1`, graph.conv(`${id}.conv1`, from, width, 1)));
  const spatial = graph.relu(`${id}.relu2`, graph.batchNorm(`${id}.bn2`, graph.conv(`${id}.conv2`, narrow, width, 3, stride)));
  const residual = graph.batchNorm(`${id}.bn3`, graph.conv(`${id}.conv3`, spatial, 4 * width, 1));
  const shortcut = project ? graph.batchNorm(`${id}.downsample.1`, graph.conv(`${id}.downsample.0`, from, 4 * width, 1, stride)) : from;
  return graph.relu(`${id}.relu3`, graph.add(`${id}.add`, residual, shortcut));
}
