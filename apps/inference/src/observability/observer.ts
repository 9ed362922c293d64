// What the scheduler and the workers report, and the statistics object that is made of it. Times are nanoseconds as in Triton's protocol.

import type { RawTensor } from '../protocol/raw-tensor.ts';
import type { SpanReference } from '../service.ts';
import type { Reason } from '../service-error.ts';
import type { DriftReport } from '../uncertainty/drift.ts';

/** One finished request, whatever became of it. */
export interface RequestRecord {
  readonly model: string;
  readonly version: string;
  readonly outcome: 'success' | Reason;
  /** Elements of the batch dimension; 1 where a model has none. */
  readonly rows: number;
  readonly totalNs: number;
  /** Zero where it never came so far. */
  readonly queueNs: number;
  readonly computeInputNs: number;
  readonly computeInferNs: number;
  readonly computeOutputNs: number;
}

/** One run of a model. */
export interface BatchRecord {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly requests: number;
  /** From the choice of its requests to their answers. */
  readonly totalNs: number;
  /** Of those of its requests that are traced. */
  readonly spans: readonly SpanReference[];
  readonly computeInputNs: number;
  readonly computeInferNs: number;
  readonly computeOutputNs: number;
}

export interface Observer {
  request(record: RequestRecord): void;
  batch(record: BatchRecord): void;
  /** The tensors of a request that succeeded. */
  answered(model: string, version: string, outputs: readonly RawTensor[]): void;
  workerRestarted(model: string, version: string): void;
  modelLoaded(model: string, version: string, seconds: number, info?: ModelInfo): void;
  modelRemoved(model: string, version: string): void;
  /** A call that was turned away before a model was asked: no key, too many calls, too large. */
  refused(reason: Reason): void;
}

/** What a model is, for people who read metrics. */
export interface ModelInfo {
  /** Of the model file. */
  readonly sha256?: string;
  readonly engine?: string;
}

/** Present values that the metrics page reads when it is asked. */
export interface QueueGauge {
  readonly model: string;
  readonly version: string;
  readonly pendingRequests: number;
  readonly pendingBytes: number;
}

export interface DurationStatistic {
  readonly count: number;
  readonly ns: number;
}

/** Drift of a version whose file has a calibration. */
export interface DriftGauge {
  readonly model: string;
  readonly version: string;
  readonly report: DriftReport;
}

/** Triton's object of one model version (JSON names as on the wire). */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly last_inference: number;
  /** Elements of batches. */
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<
    Record<
      'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output' | 'cache_hit' | 'cache_miss',
      DurationStatistic
    >
  >;
  readonly response_stats: Readonly<Record<string, never>>;
  readonly batch_stats: readonly {
    readonly batch_size: number;
    readonly compute_input: DurationStatistic;
    readonly compute_infer: DurationStatistic;
    readonly compute_output: DurationStatistic;
  }[];
  readonly memory_usage: readonly never[];
}
