/** Objects of the protocol that a server answers with, under its names. */
import type { Datatype } from './tensor.ts';

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1: any size. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface ModelIndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state?: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';
  readonly reason?: string;
}

/** One number of every answer, in bins that each held about a tenth of the validation data. */
export interface DriftMeasure {
  /** Between bins. */
  readonly edges: readonly number[];
  /** Shares of the validation data. */
  readonly reference: readonly number[];
  /** Answers since. */
  readonly counts: readonly number[];
  /** Population stability index. */
  readonly psi: number;
}

export interface DriftReport {
  readonly state: 'collecting' | 'stable' | 'moderate' | 'shifted';
  readonly samples: number;
  readonly window: number;
  readonly measures: Readonly<Record<'entropy' | 'confidence' | 'ood_score', DriftMeasure>>;
}
