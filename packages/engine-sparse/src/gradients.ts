/**
 * Where the gradients of the backward pass lie. A gradient lives from its first writer (the last reader of the values) to the node that made
 * the values. An addition passes its gradient on to both inputs unchanged, so they share one tensor until somebody writes into it.
 */
import type { NodeId } from '@freetickets/sparse-core';
import type { Geometry, Tensor } from './arena.ts';
import { sizeOf } from './forward.ts';
import { NO_VIEW, type Operation, type View } from './ops.ts';
import type { Placement } from './placement.ts';

export class Gradients {
  readonly #place: Placement;
  readonly #push: (operation: Operation) => void;
  readonly #newTensor: (geometry: Geometry) => Tensor;
  readonly #live = new Map<NodeId, Tensor>();
  readonly #holders = new Map<Tensor, number>();

  /** @param push takes the copies that become necessary  @param fresh makes a tensor with zeros around it */
  constructor(place: Placement, push: (operation: Operation) => void, fresh: (geometry: Geometry) => Tensor) {
    this.#place = place;
    this.#push = push;
    this.#newTensor = fresh;
  }

  /** Of the values of `id`, or undefined if nothing was written. Nodes in place share one. */
  of(id: NodeId): Tensor | undefined {
    return this.#live.get(this.#key(id));
  }

  /** Where to write: `accumulate` says whether something stands there that must stay. */
  target(id: NodeId): { readonly tensor: Tensor; readonly accumulate: boolean } {
    const accumulate = this.of(id) !== undefined;
    return { tensor: accumulate ? this.unshared(id) : this.#hold(id, this.#fresh(id)), accumulate };
  }

  /** Where to write the sum of a contribution and `start`, for operations that can read the two from different places. */
  sumTarget(id: NodeId): { readonly tensor: Tensor; readonly start: View } {
    const present = this.of(id);
    if (present && this.#holders.get(present) === 1) return { tensor: present, start: present.view };
    const tensor = this.#fresh(id);
    if (present) this.drop(id);
    return { tensor: this.#hold(id, tensor), start: present?.view ?? NO_VIEW };
  }

  /** The gradient of `id` is the one of `reader`, if it has none yet. */
  share(reader: NodeId, id: NodeId): boolean {
    if (this.of(id)) return false;
    this.#hold(id, this.of(reader)!);
    return true;
  }

  /** Before somebody writes into the gradient of `id`: a copy of its own if others hold the same tensor. */
  unshared(id: NodeId): Tensor {
    const present = this.of(id)!;
    return this.#holders.get(present) === 1 ? present : this.#copy(id, present);
  }

  /** Before a layer reads around its gradient: with the border of zeros that it needs. */
  bordered(id: NodeId): Tensor {
    const present = this.of(id)!;
    const { low, high } = this.#place.graph.gradientBorder(this.#place.net.node(id));
    return present.low >= low && present.high >= high ? present : this.#copy(id, present);
  }

  /** The node that made the values is done with their gradient. */
  drop(id: NodeId): void {
    const tensor = this.of(id)!;
    this.#live.delete(this.#key(id));
    const holders = this.#holders.get(tensor)! - 1;
    this.#holders.set(tensor, holders);
    if (holders === 0) this.#place.arena.release(tensor);
  }

  #key(id: NodeId): NodeId {
    return this.#place.graph.root(id);
  }

  #hold(id: NodeId, tensor: Tensor): Tensor {
    this.#live.set(this.#key(id), tensor);
    this.#holders.set(tensor, (this.#holders.get(tensor) ?? 0) + 1);
    return tensor;
  }

  #fresh(id: NodeId): Tensor {
    const { graph, net } = this.#place;
    const key = this.#key(id);
    return this.#newTensor({ ...graph.size(key), ...(key === 'input' ? { low: 0, high: 0 } : graph.gradientBorder(net.node(key))) });
  }

  #copy(id: NodeId, present: Tensor): Tensor {
    const tensor = this.#fresh(id);
    this.#push({ op: 'copy', a: present.view, b: present.view, out: tensor.view, ...sizeOf(present), accumulate: false });
    this.drop(id);
    return this.#hold(id, tensor);
  }
}
