/** Writes a graph node by node; each call returns the id that the next one starts from. */
import type { NodeId, NodeSpec } from '../spec.ts';

export class Graph {
  readonly nodes: NodeSpec[] = [];

  /** A convolution without bias and with padding that keeps the size at stride 1. */
  conv(id: NodeId, from: NodeId, out: number, kernel: number, stride = 1): NodeId {
    this.nodes.push({ id, op: 'conv2d', from: [from], out, kernel, stride, pad: (kernel - 1) / 2, bias: false });
    return id;
  }

  batchNorm(id: NodeId, from: NodeId): NodeId {
    this.nodes.push({ id, op: 'batchNorm', from: [from] });
    return id;
  }

  relu(id: NodeId, from: NodeId): NodeId {
    this.nodes.push({ id, op: 'relu', from: [from] });
    return id;
  }

  add(id: NodeId, left: NodeId, right: NodeId): NodeId {
    this.nodes.push({ id, op: 'add', from: [left, right] });
    return id;
  }

  maxPool(id: NodeId, from: NodeId, kernel: number, stride: number, pad: number): NodeId {
    this.nodes.push({ id, op: 'maxPool', from: [from], kernel, stride, pad });
    return id;
  }

  /** Mean over the image, then a linear layer. */
  classifier(from: NodeId, classes: number, { id = 'fc', bias = true }: { readonly id?: NodeId; readonly bias?: boolean } = {}): NodeId {
    this.nodes.push({ id: 'pool', op: 'globalAvgPool', from: [from] });
    this.nodes.push({ id, op: 'linear', from: ['pool'], out: classes, ...(!bias && { bias }) });
    return id;
  }
}
