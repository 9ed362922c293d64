// Counts and times of every served model version since it was loaded, kept as Triton's statistics object needs them; metrics.ts reads the
// same numbers. Only versions that were announced by `modelLoaded` are kept, so that nobody can fill memory with names.

import type { Reason } from '../service-error.ts';
import type { BatchRecord, DurationStatistic, ModelInfo, ModelStatistics, Observer, RequestRecord } from './observer.ts';

const stages = ['computeInputNs', 'computeInferNs', 'computeOutputNs'] as const;
type Stage = (typeof stages)[number];

/** What one model version has done. */
export interface Counters {
  readonly model: string;
  readonly version: string;
  readonly info: ModelInfo;
  readonly loadSeconds: number;
  restarts: number;
  lastInference: number;
  /** Elements, and executions. */
  inferences: number;
  executions: number;
  readonly success: Total;
  readonly fail: Total;
  readonly queue: Total;
  readonly stages: Readonly<Record<Stage, Total>>;
  readonly failures: Map<Reason, number>;
  readonly batches: Map<number, Readonly<Record<Stage, Total>>>;
}

/** A count and a sum of nanoseconds. */
class Total {
  count = 0;
  ns = 0;

  add(ns: number): void {
    this.count++;
    this.ns += ns;
  }

  statistic(): DurationStatistic {
    return { count: this.count, ns: Math.round(this.ns) };
  }
}

export class Statistics implements Omit<Observer, 'answered'> {
  readonly #versions = new Map<string, Counters>();
  readonly #refused = new Map<Reason, number>();

  /** Of every version that is there, in the order of loading. */
  get versions(): readonly Counters[] {
    return [...this.#versions.values()];
  }

  /** Calls that were turned away before a model was asked, by reason. */
  get refusals(): ReadonlyMap<Reason, number> {
    return this.#refused;
  }

  modelLoaded(model: string, version: string, seconds: number, info: ModelInfo = {}): void {
    this.#versions.set(key(model, version), newCounters(model, version, seconds, info));
  }

  modelRemoved(model: string, version: string): void {
    this.#versions.delete(key(model, version));
  }

  workerRestarted(model: string, version: string): void {
    const counters = this.#versions.get(key(model, version));
    if (counters) counters.restarts++;
  }

  refused(reason: Reason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  request(record: RequestRecord): void {
    const counters = this.#versions.get(key(record.model, record.version));
    if (counters === undefined) return;
    if (record.outcome !== 'success') {
      counters.fail.add(record.totalNs);
      counters.failures.set(record.outcome, (counters.failures.get(record.outcome) ?? 0) + 1);
      return;
    }
    counters.lastInference = Date.now();
    counters.inferences += record.rows;
    counters.success.add(record.totalNs);
    counters.queue.add(record.queueNs);
    for (const stage of stages) counters.stages[stage].add(record[stage]);
  }

  batch(record: BatchRecord): void {
    const counters = this.#versions.get(key(record.model, record.version));
    if (counters === undefined) return;
    counters.executions++;
    let sizes = counters.batches.get(record.rows);
    if (sizes === undefined) {
      sizes = newStages();
      counters.batches.set(record.rows, sizes);
    }
    for (const stage of stages) sizes[stage].add(record[stage]);
  }

  /** Triton's object of one version; zeros for one that was never asked. */
  of(model: string, version: string): ModelStatistics {
    return statisticsOf(this.#versions.get(key(model, version)) ?? newCounters(model, version, 0, {}));
  }
}

const key = (model: string, version: string): string => `${model}/${version}`;

const newStages = () => ({ computeInputNs: new Total(), computeInferNs: new Total(), computeOutputNs: new Total() });

const newCounters = (model: string, version: string, loadSeconds: number, info: ModelInfo): Counters => ({
  model,
  version,
  info,
  loadSeconds,
  restarts: 0,
  lastInference: 0,
  inferences: 0,
  executions: 0,
  success: new Total(),
  fail: new Total(),
  queue: new Total(),
  stages: newStages(),
  failures: new Map(),
  batches: new Map(),
});

function statisticsOf(counters: Counters): ModelStatistics {
  const none = { count: 0, ns: 0 };
  const times = (of: Readonly<Record<Stage, Total>>) => ({
    compute_input: of.computeInputNs.statistic(),
    compute_infer: of.computeInferNs.statistic(),
    compute_output: of.computeOutputNs.statistic(),
  });
  return {
    name: counters.model,
    version: counters.version,
    last_inference: counters.lastInference,
    inference_count: counters.inferences,
    execution_count: counters.executions,
    inference_stats: {
      success: counters.success.statistic(),
      fail: counters.fail.statistic(),
      queue: counters.queue.statistic(),
      ...times(counters.stages),
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: [...counters.batches].sort(([a], [b]) => a - b).map(([batch_size, sizes]) => ({ batch_size, ...times(sizes) })),
    memory_usage: [],
  };
}
