/** The two blocks of residual networks with the activation after the addition: `out = relu(residual + shortcut)`. */
import type { NodeId } from '../spec.ts';
import type { Graph } from './graph.ts';

export interface BlockOptions {
  /** Channels of the block's 3x3 convolutions. */
  readonly width: number;
  /** Of the first 3x3 convolution, and of the shortcut. */
  readonly stride: number;
  /** Name of the shortcut's 1x1 convolution and batch normalization; undefined where the shape stays and the input itself is added. */
  readonly shortcut: string | undefined;
}

/** Writes a block that starts from `from`; returns its last node. */
export type Block = (graph: Graph, id: string, from: NodeId, options: BlockOptions) => NodeId;

/** Two 3x3 convolutions. */
export const basicBlock: Block = (graph, id, from, { width, stride, shortcut }) => {
  const hidden = graph.relu(`${id}.relu1`, graph.batchNorm(`${id}.bn1`, graph.conv(`${id}.conv1`, from, width, 3, stride)));
  const residual = graph.batchNorm(`${id}.bn2`, graph.conv(`${id}.conv2`, hidden, width, 3));
  const other = projection(graph, id, from, { shortcut, out: width, stride });
  return graph.relu(`${id}.relu2`, graph.add(`${id}.add`, residual, other));
};

/** 1x1 to `width`, 3x3, 1x1 to four times `width`. The stride stands in the 3x3, as in the variant called v1.5. */
export const bottleneck: Block = (graph, id, from, { width, stride, shortcut }) => {
  const narrow = graph.relu(`${id}.relu1`, graph.batchNorm(`${id}.bn1`, graph.conv(`${id}.conv1`, from, width, 1)));
  const spatial = graph.relu(`${id}.relu2`, graph.batchNorm(`${id}.bn2`, graph.conv(`${id}.conv2`, narrow, width, 3, stride)));
  const residual = graph.batchNorm(`${id}.bn3`, graph.conv(`${id}.conv3`, spatial, 4 * width, 1));
  const other = projection(graph, id, from, { shortcut, out: 4 * width, stride });
  return graph.relu(`${id}.relu3`, graph.add(`${id}.add`, residual, other));
};

interface Projection extends Pick<BlockOptions, 'shortcut' | 'stride'> {
  readonly out: number;
}

function projection(graph: Graph, id: string, from: NodeId, { shortcut, out, stride }: Projection): NodeId {
  if (shortcut === undefined) return from;
  return graph.batchNorm(`${id}.${shortcut}.1`, graph.conv(`${id}.${shortcut}.0`, from, out, 1, stride));
}
