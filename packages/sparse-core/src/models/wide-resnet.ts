import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeId } from '../spec.ts';
import { Graph } from './graph.ts';
import { imageShape, type ModelOptions } from './options.ts';

export interface WideResNetOptions extends ModelOptions {
  /** Weight layers in all: 6 n + 4. */
  readonly depth: number;
  /** Channels are 16, then 16, 32 and 64 times this. */
  readonly widen: number;
}

/**
 * Wide residual network for 32 x 32 images, with pre-activation blocks: `out = conv2(relu(bn2(conv1(a)))) + shortcut`, where `a = relu(bn1(x))`.
 * The shortcut is x, or a 1x1 convolution of a (not of x) where the width changes. Parameters are named as the FreeTickets reference registers them.
 * @source Zagoruyko and Komodakis, arXiv:1605.07146
 * @throws SparseError INVALID_ARGUMENT when depth is not 6 n + 4
 */
export function wideResNet({ depth, widen, classes = 10, input = [3, 32, 32] }: WideResNetOptions): NetworkSpec {
  if (!Number.isInteger(depth) || depth < 10 || (depth - 4) % 6 !== 0)
    throw new SparseError('INVALID_ARGUMENT', 'depth', 'a depth of 6 n + 4, such as 16, 22, 28 or 40', depth);
  if (!Number.isInteger(widen) || widen < 1) throw new SparseError('INVALID_ARGUMENT', 'widen', 'a whole number of at least 1', widen);
  const name = `wrn-${depth}-${widen}`;
  const graph = new Graph();
  let from = graph.conv('conv1', 'input', 16, 3);
  let channels = 16;
  for (const group of [1, 2, 3]) {
    const out = 16 * widen * 2 ** (group - 1);
    for (let i = 0; i < (depth - 4) / 6; i++) {
      const stride = group > 1 && i === 0 ? 2 : 1;
      from = block(graph, `block${group}.layer.${i}`, from, { channels, out, stride });
      channels = out;
    }
  }
  from = graph.relu('relu', graph.batchNorm('bn1', from));
  const output = graph.classifier(from, classes);
  return { version: 1, name, input: { shape: imageShape(name, input, 4) }, nodes: graph.nodes, output, initialization: 'he-fan-out' };
}

function block(
  graph: Graph,
  id: string,
  from: NodeId,
  { channels, out, stride }: { channels: number; out: number; stride: number },
): NodeId {
  const activated = graph.relu(`${id}.relu1`, graph.batchNorm(`${id}.bn1`, from));
  const hidden = graph.relu(`${id}.relu2`, graph.batchNorm(`${id}.bn2`, graph.conv(`${id}.conv1`, activated, out, 3, stride)));
  const residual = graph.conv(`${id}.conv2`, hidden, out, 3);
  const shortcut = channels === out && stride === 1 ? from : graph.conv(`${id}.convShortcut`, activated, out, 1, stride);
  return graph.add(`${id}.add`, residual, shortcut);
}
