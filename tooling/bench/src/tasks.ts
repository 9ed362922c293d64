/** What a side can be asked to do. The Python sides read the same fields. */
import type { NetworkSpec } from '@freetickets/sparse-core';

/** One layer; a linear one is a convolution of one pixel with a kernel of 1. */
export interface LayerShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Of the input. */
  readonly height: number;
  readonly width: number;
  readonly pad: number;
}

interface Common {
  readonly threads: number;
  readonly seed: number;
  readonly batchSize: number;
}

/** Sparse networks of ours: see `freetickets bench`. */
export interface OursNetworkTask extends Common {
  readonly kind: 'step' | 'infer' | 'rewire';
  readonly engine: string;
  readonly network: string;
  readonly sparsity: number;
  /** `infer`. */
  readonly members?: number;
}

export interface OursLayerTask extends Common, LayerShape {
  readonly kind: 'layer';
  readonly engine: string;
  /** Live weights. */
  readonly live: number;
  /** Without gradients. */
  readonly forwardOnly?: boolean;
}

export type OursTask = OursNetworkTask | OursLayerTask;

/** Dense networks of the peers. */
export interface PeerNetworkTask extends Common {
  readonly kind: 'step' | 'infer' | 'epoch';
  readonly spec: NetworkSpec;
  /** PyTorch. */
  readonly layout?: 'contiguous' | 'channels-last';
  /** PyTorch: masks of these densities, by weight, are applied in each step. */
  readonly densities?: Readonly<Record<string, number>>;
  /** ONNX Runtime: the file. */
  readonly model?: string;
  /** TensorFlow.js. */
  readonly backend?: 'wasm' | 'cpu';
  /** PyTorch epochs: files of bytes, and who makes the batches. */
  readonly pictures?: string;
  readonly labels?: string;
  readonly loader?: 'memory' | 'workers';
}

export interface PeerLayerTask extends Common, LayerShape {
  readonly kind: 'layer';
  readonly layout?: 'contiguous' | 'channels-last';
  /** SparseProp. */
  readonly live?: number;
  readonly vectorized?: 'images' | 'columns';
}

/** An exported ensemble in onnxruntime-node, or in our sparse engine. */
export interface EnsembleTask extends Common {
  readonly kind: 'ensemble';
  readonly files: readonly string[];
  readonly device: 'cpu' | 'cuda' | 'sparse';
  /** Of one sample. */
  readonly input: readonly number[];
}

/** The same in PyTorch: dense members, one after the other; `graph`: as one CUDA graph. */
export interface PeerEnsembleTask extends Common {
  readonly kind: 'ensemble';
  readonly spec: NetworkSpec;
  readonly members: number;
  readonly device: 'cpu' | 'cuda';
  readonly mode: string;
}
