// What every surface (HTTP, gRPC, the page) asks of the server, in words of no protocol. Surfaces decode, call, encode, and map
// `ServiceError.reason` to their own status; what is here decides everything else. http/ and grpc/ import this file and protocol/ only.

import type { ModelStatistics, RequestRecord } from './observability/observer.ts';
import type { Parameters, RawTensor } from './protocol/raw-tensor.ts';
import type { ModelConfig } from './repository/model-config.ts';
import type { TensorInfo } from './tensor.ts';
import type { DriftReport } from './uncertainty/drift.ts';

export interface InferRequest {
  readonly model: string;
  /** Absent or empty: the version that the repository's policy gives (aliases, split traffic). An alias is a version too. */
  readonly version?: string;
  readonly id?: string;
  /** As sent; `priority` and `timeout` (microseconds) among them have been copied into the call's context by the surface. */
  readonly parameters: Parameters;
  readonly inputs: readonly RawTensor[];
  /** Empty: all outputs that the model gives by default. */
  readonly outputs: readonly RequestedOutput[];
}

export interface RequestedOutput {
  readonly name: string;
  /** Answer with the best so many classes as BYTES `value:index[:label]` instead of the numbers. */
  readonly classification?: number;
}

export interface InferResponse {
  readonly model: string;
  /** The version that computed it. */
  readonly version: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  /** In the order asked for. */
  readonly outputs: readonly RawTensor[];
}

/** Who asks, and how long they will wait. */
export interface CallContext {
  /** Aborted when the caller goes away: the request leaves the queue. */
  readonly signal?: AbortSignal;
  /** Moment after which no answer is wanted, on the clock of `performance.now()`. */
  readonly deadline?: number;
  readonly requestId?: string;
  readonly caller?: Caller;
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** The request's own span, where it is traced: the batch that computes it points there. */
  readonly span?: SpanReference;
  /** Told how long the request took where, once that is known; set where it is traced. */
  readonly timed?: (record: RequestRecord) => void;
}

/** A span of OpenTelemetry, as others point to it. */
export interface SpanReference {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** As security/ found it. */
export interface Caller {
  readonly address: string;
  /** Name of the key, or the subject of the client's certificate; absent for anonymous callers. */
  readonly key?: string;
}

/** What may be allowed or refused as a whole; the names are Triton's. */
export type Scope =
  | 'health'
  | 'metadata'
  | 'inference'
  | 'model-config'
  | 'model-repository'
  | 'statistics'
  | 'trace'
  | 'logging'
  | 'metrics';

/** What a surface knows of a caller before it reads the request. */
export interface Credentials {
  readonly address: string;
  /** A header (HTTP) or metadata entry (gRPC) by its lower-case name. */
  header(name: string): string | undefined;
  /** Common name of a verified client certificate. */
  readonly certificate?: string;
}

export interface Gate {
  /** Lets a call in. @throws ServiceError unauthenticated, forbidden or rate-limited */
  admit(credentials: Credentials, scope: Scope): Caller;
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  /** Shapes hold -1 for any size, the batch among them. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export type ModelState = 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';

export interface ModelIndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state?: ModelState;
  /** Absent when READY. */
  readonly reason?: string;
}

/** `config`: ModelConfig as JSON text; `file:<path>`: contents of a file in place of the repository's (refused unless allowed). */
export type LoadParameters = Readonly<Record<string, string | number | boolean | Uint8Array>>;

/** Triton's settings of tracing; one-element arrays except `trace_level`. */
export type TraceSettings = Readonly<Record<string, readonly string[]>>;
export type LogSettings = Readonly<Record<string, string | number | boolean>>;

/** Every method throws ServiceError or SparseError; `explain` of service-error.ts reads both. */
export interface InferenceService {
  /** Whether every model that should be there is, and the server is not shutting down. */
  ready(): boolean;
  readonly draining: boolean;
  serverMetadata(): ServerMetadata;
  /** @throws not-found */
  modelReady(model: string, version?: string): boolean;
  /** @throws not-found; unavailable while no version of it is loaded */
  modelMetadata(model: string, version?: string): ModelMetadata;
  modelConfig(model: string, version?: string): ModelConfig;
  /** Of one model or version, or of all. @throws not-found */
  statistics(model?: string, version?: string): readonly ModelStatistics[];
  /** How far what comes in lies from the validation data. @throws not-found, also for a model whose file has no calibration */
  drift(model: string, version?: string): DriftReport;
  infer(request: InferRequest, context: CallContext): Promise<InferResponse>;
  /**
   * Says early that `infer` would refuse a request of so many bytes, so that nobody reads it for nothing.
   * @throws not-found, queue-full
   */
  checkRoom(model: string, version: string | undefined, bytes: number): void;
  repositoryIndex(options?: { readonly ready?: boolean }): readonly ModelIndexEntry[];
  /** Loads a model, or loads it anew; the old one answers until the new one is ready. */
  load(model: string, parameters?: LoadParameters): Promise<void>;
  unload(model: string, options?: { readonly unloadDependents?: boolean }): Promise<void>;
  traceSettings(model?: string): TraceSettings;
  /** An empty list clears a setting to its default. @throws invalid for unknown settings and for `trace_file` */
  updateTraceSettings(changes: TraceSettings, model?: string): TraceSettings;
  logSettings(): LogSettings;
  updateLogSettings(changes: LogSettings): LogSettings;
}
