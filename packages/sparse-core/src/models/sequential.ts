import type { NodeId, NodeSpec, OpSpec } from '../spec.ts';

/** Layers in a row, numbered as PyTorch's `nn.Sequential` numbers them: `features.0`, `features.1`, ... */
export class Sequential {
  readonly #nodes: NodeSpec[];
  readonly #name: string;
  #count = 0;
  /** The last layer so far. */
  last: NodeId;

  /** @param nodes where the layers are written to */
  constructor(nodes: NodeSpec[], name: string, from: NodeId) {
    this.#nodes = nodes;
    this.#name = name;
    this.last = from;
  }

  add(...layers: readonly OpSpec[]): this {
    for (const layer of layers) {
      const id = `${this.#name}.${this.#count++}`;
      this.#nodes.push({ id, from: [this.last], ...layer });
      this.last = id;
    }
    return this;
  }
}
