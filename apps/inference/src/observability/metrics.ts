// The Prometheus page: Triton's names for what Triton counts (statistics.ts holds the numbers), `ft_` names for the rest. Labels are model,
// version and reasons from a fixed list, never anything that a caller chose.

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, type Gauge, Histogram, Registry } from 'prom-client';
import type { RawTensor } from '../protocol/raw-tensor.ts';
import type { Reason } from '../service-error.ts';
import { addGauge } from './gauge.ts';
import { addHostMetrics } from './host-metrics.ts';
import type { BatchRecord, DriftGauge, ModelInfo, Observer, QueueGauge, RequestRecord } from './observer.ts';
import { Statistics } from './statistics.ts';
import { UncertaintyMetrics } from './uncertainty-metrics.ts';
import { addVersionMetrics } from './version-metrics.ts';

/** Present values that metrics ask for when the page is read. */
export interface MetricSources {
  queues(): readonly QueueGauge[];
  drift(): readonly DriftGauge[];
  draining(): boolean;
}

const seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const rows = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const labels = ['model', 'version'] as const;
/** How often the event loop's delay is looked at. Node counts this time as delay too: an idle loop would seem to be 10 ms late. */
const resolutionMs = 10;

/** Counts what is reported to it, and writes the page. */
export class Metrics implements Observer {
  readonly statistics = new Statistics();
  readonly #registry = new Registry();
  readonly #duration: Histogram<'model' | 'version'>;
  readonly #batchSize: Histogram<'model' | 'version'>;
  readonly #uncertainty: UncertaintyMetrics;
  readonly #eventLoop: IntervalHistogram;
  #sources: MetricSources | undefined;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    addHostMetrics(this.#registry);
    this.#eventLoop = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#eventLoop.enable();
    addVersionMetrics(this.#registry, this.statistics);
    this.#uncertainty = new UncertaintyMetrics(this.#registry);
    this.#addGauges();
    this.#duration = new Histogram({
      name: 'ft_request_duration_seconds',
      help: 'Time from a complete request to its answer, of requests that succeeded.',
      labelNames: labels,
      buckets: seconds,
      registers,
    });
    this.#batchSize = new Histogram({
      name: 'ft_batch_size',
      help: 'Elements of the batches that were executed.',
      labelNames: labels,
      buckets: rows,
      registers,
    });
  }

  /** Where to look for present values; to be told once the server has its parts. */
  watch(sources: MetricSources): void {
    this.#sources = sources;
  }

  /** The page, and its content type. */
  async page(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  close(): void {
    this.#eventLoop.disable();
  }

  request(record: RequestRecord): void {
    this.statistics.request(record);
    const { model, version } = record;
    if (record.outcome === 'success') this.#duration.observe({ model, version }, record.totalNs / 1e9);
  }

  batch(record: BatchRecord): void {
    this.statistics.batch(record);
    const { model, version } = record;
    this.#batchSize.observe({ model, version }, record.rows);
  }

  answered(model: string, version: string, outputs: readonly RawTensor[]): void {
    this.#uncertainty.add(model, version, outputs);
  }

  modelLoaded(model: string, version: string, loadSeconds: number, info?: ModelInfo): void {
    this.statistics.modelLoaded(model, version, loadSeconds, info);
  }

  modelRemoved(model: string, version: string): void {
    this.statistics.modelRemoved(model, version);
    for (const histogram of [this.#duration, this.#batchSize]) histogram.remove({ model, version });
    this.#uncertainty.remove(model, version);
  }

  workerRestarted(model: string, version: string): void {
    this.statistics.workerRestarted(model, version);
  }

  refused(reason: Reason): void {
    this.statistics.refused(reason);
  }

  #addGauges(): void {
    const perQueue = (name: string, help: string, value: (queue: QueueGauge) => number) => {
      const collect = (gauge: Gauge<'model' | 'version'>) => {
        gauge.reset();
        for (const queue of this.#sources?.queues() ?? []) gauge.set({ model: queue.model, version: queue.version }, value(queue));
      };
      addGauge(this.#registry, name, help, labels, collect);
    };
    perQueue('nv_inference_pending_request_count', 'Requests that wait for a worker.', (queue) => queue.pendingRequests);
    perQueue('ft_queue_bytes', 'Bytes of the requests that wait or run.', (queue) => queue.pendingBytes);
    addGauge(
      this.#registry,
      'ft_drift_psi',
      'Population stability index of the latest answers against the validation data.',
      [...labels, 'measure'],
      (gauge) => {
        gauge.reset();
        for (const { model, version, report } of this.#sources?.drift() ?? [])
          for (const [measure, { psi }] of Object.entries(report.measures)) gauge.set({ model, version, measure }, psi);
      },
    );
    addGauge(this.#registry, 'ft_draining', '1 while the server is shutting down.', [], (gauge) =>
      gauge.set(this.#sources?.draining() ? 1 : 0),
    );
    addGauge(this.#registry, 'ft_event_loop_delay_seconds', 'Delay of the event loop since the last look.', ['percentile'], (gauge) => {
      const late = (ns: number) => Math.max(0, ns / 1e9 - resolutionMs / 1000);
      for (const percentile of [50, 99]) gauge.set({ percentile: String(percentile) }, late(this.#eventLoop.percentile(percentile)));
      gauge.set({ percentile: '100' }, late(this.#eventLoop.max));
      this.#eventLoop.reset();
    });
  }
}
