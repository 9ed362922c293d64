// What an engine is to the rest of this app: something that runs the tensors of one ONNX file. onnxruntime.ts and sparse.ts make them,
// choose.ts decides between them.

import type { OnnxDescription } from '@freetickets/onnx-export';
import type { Signature, Tensor } from '../tensor.ts';

export const engineNames = ['auto', 'sparse', 'onnxruntime-cpu', 'onnxruntime-cuda'] as const;
export type EngineName = (typeof engineNames)[number];

/** Which engine was taken, and why: for people and logs. */
export interface ChosenEngine {
  readonly name: Exclude<EngineName, 'auto'>;
  /** `asked for; kernels native/avx512`, or what `auto` found. */
  readonly why: string;
}

export interface EngineOptions {
  /** Threads that share one operator; default: as many as there are cores. On a GPU only what stays on the CPU uses them. */
  readonly threads?: number;
  /** For `onnxruntime-cuda`. Its binding lets nothing else be set: memory is taken from the GPU as it is needed. */
  readonly cuda?: {
    /** Which GPU, counted from 0, the default. */
    readonly deviceId?: number;
  };
  /** What onnxruntime may rewrite before it computes; default `all`. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
}

/** A file that was read, and what stands in it. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly description: OnnxDescription;
}

/** A model that an engine has open. */
export interface Engine extends Signature {
  /** What it runs on, in a few words. */
  readonly detail: string;
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}
