/**
 * What a network is, as plain JSON: a layer graph in topological order, no numbers but sizes.
 * It knows nothing of masks, values or engines. `network()` checks a spec and works out every shape.
 */
export type NodeId = string;

/** Names follow PyTorch's state dict, so a ticket file loads there as it is. */
export type ParamName = `${NodeId}.${'weight' | 'bias' | 'running_mean' | 'running_var'}`;

export interface NetworkSpec {
  readonly version: 1;
  readonly name: string;
  /** Per sample: (C, H, W) or (features). */
  readonly input: { readonly shape: readonly number[] };
  /** In topological order: a node refers to earlier nodes, or to `input`. */
  readonly nodes: readonly NodeSpec[];
  /** The node whose values are the logits, shape (classes). */
  readonly output: NodeId;
  /** Members that share the network: `output` has shape (heads * classes), head by head. Default 1. */
  readonly heads?: number;
  /**
   * How weights are drawn. `torch`: PyTorch's defaults, uniform within 1/sqrt(fan-in) for weight and bias. `he-fan-out`, `he-fan-in`:
   * convolutions normal with variance 2/fan, biases of linear layers zero for fan-out. Default `torch`.
   */
  readonly initialization?: 'torch' | 'he-fan-out' | 'he-fan-in';
}

export type NodeSpec = { readonly id: NodeId; readonly from: readonly NodeId[] } & OpSpec;

export type OpSpec =
  | {
      readonly op: 'conv2d';
      readonly out: number;
      readonly kernel: number;
      readonly stride?: number;
      readonly pad?: number;
      readonly bias?: boolean;
      /** Never sparsified. */
      readonly dense?: true;
    }
  | { readonly op: 'linear'; readonly out: number; readonly bias?: boolean; readonly dense?: true }
  | { readonly op: 'batchNorm'; readonly eps?: number; readonly momentum?: number }
  /** `stride` defaults to `kernel`. `pad` (default 0, less than `kernel`) counts as minus infinity. */
  | { readonly op: 'maxPool'; readonly kernel: number; readonly stride?: number; readonly pad?: number }
  | { readonly op: 'avgPool'; readonly kernel: number; readonly stride?: number }
  /** Zero with probability `rate`, else divided by `1 - rate`; in training, and in predictions that ask for it. */
  | { readonly op: 'dropout'; readonly rate: number }
  /** Sample n of a batch belongs to member n mod `members`; each member has a factor of its own for every channel. @source arXiv:2002.06715 */
  | { readonly op: 'memberScale'; readonly members: number }
  /** Channels (or features) of all inputs, one after the other. */
  | { readonly op: 'concat' }
  | { readonly op: 'relu' | 'add' | 'globalAvgPool' | 'flatten' };

export type OpName = OpSpec['op'];
