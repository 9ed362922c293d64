// A model's configuration under Triton's names, as `/config` answers it and `config.pbtxt` (pbtxt.ts) or `config.json` holds it.
// All keys are optional on disk; complete-config.ts fills in what is left out from the model file.

export interface ConfigTensor {
  readonly name: string;
  /** For example TYPE_FP32; BYTES is TYPE_STRING. */
  readonly data_type: string;
  /** Without the batch dimension where max_batch_size is above 0. */
  /** Absent is none: a scalar. */
  readonly dims?: readonly number[];
  /** Outputs only: a text file in the model's folder, one label a line. */
  readonly label_filename?: string;
}

export interface QueuePolicy {
  readonly timeout_action?: 'REJECT' | 'DELAY';
  readonly default_timeout_microseconds?: number;
  readonly allow_timeout_override?: boolean;
  readonly max_queue_size?: number;
}

export interface DynamicBatching {
  readonly preferred_batch_size?: readonly number[];
  readonly max_queue_delay_microseconds?: number;
  readonly preserve_ordering?: boolean;
  readonly priority_levels?: number;
  readonly default_priority_level?: number;
  readonly default_queue_policy?: QueuePolicy;
  /** By level, as text. */
  readonly priority_queue_policy?: Readonly<Record<string, QueuePolicy>>;
}

export interface InstanceGroup {
  readonly name?: string;
  readonly count?: number;
  readonly kind?: 'KIND_AUTO' | 'KIND_CPU' | 'KIND_GPU' | 'KIND_MODEL';
  readonly gpus?: readonly number[];
}

export interface VersionPolicy {
  readonly latest?: { readonly num_versions?: number };
  readonly all?: Readonly<Record<string, never>>;
  readonly specific?: { readonly versions: readonly number[] };
}

export interface WarmupInput {
  readonly data_type: string;
  /** Absent is none: a scalar. */
  readonly dims?: readonly number[];
  readonly zero_data?: boolean;
  readonly random_data?: boolean;
}

export interface ModelWarmup {
  readonly name: string;
  readonly batch_size?: number;
  readonly inputs: Readonly<Record<string, WarmupInput>>;
  readonly count?: number;
}

export interface ModelConfig {
  readonly name?: string;
  readonly platform?: string;
  readonly backend?: string;
  readonly version_policy?: VersionPolicy;
  readonly max_batch_size?: number;
  readonly input?: readonly ConfigTensor[];
  readonly output?: readonly ConfigTensor[];
  readonly instance_group?: readonly InstanceGroup[];
  readonly dynamic_batching?: DynamicBatching;
  readonly model_warmup?: readonly ModelWarmup[];
  readonly default_model_filename?: string;
  readonly parameters?: Readonly<Record<string, { readonly string_value: string }>>;
  readonly response_cache?: { readonly enable?: boolean };
  readonly model_metrics?: Readonly<Record<string, unknown>>;
}
