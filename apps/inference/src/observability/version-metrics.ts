// Metrics of model versions, read from statistics.ts at each look: what Triton counts under its names, and ours.

import { Counter, type Registry } from 'prom-client';
import type { Reason } from '../service-error.ts';
import { addGauge } from './gauge.ts';
import type { Counters, Statistics } from './statistics.ts';

const labels = ['model', 'version'] as const;

/** Adds the counters whose values lie in `statistics`: set anew at each look. */
export function addVersionMetrics(registry: Registry, statistics: Statistics): void {
  const add = <L extends string>(
    name: string,
    help: string,
    extra: readonly L[],
    collect: (counter: Counter<L | 'model' | 'version'>) => void,
  ) => {
    new Counter({
      name,
      help,
      labelNames: [...labels, ...extra],
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  };
  const perVersion = (name: string, help: string, value: (counters: Counters) => number) =>
    add(name, help, [], (counter) => {
      for (const one of statistics.versions) counter.inc({ model: one.model, version: one.version }, value(one));
    });
  const microseconds = (ns: number) => Math.round(ns / 1000);

  perVersion('nv_inference_request_success', 'Requests that were answered.', ({ success }) => success.count);
  perVersion('nv_inference_count', 'Batch elements that were computed.', ({ inferences }) => inferences);
  perVersion('nv_inference_exec_count', 'Batches that were executed.', ({ executions }) => executions);
  perVersion('nv_inference_request_duration_us', 'Total time of answered requests.', ({ success }) => microseconds(success.ns));
  perVersion('nv_inference_queue_duration_us', 'Total time in the queue.', ({ queue }) => microseconds(queue.ns));
  perVersion('nv_inference_compute_input_duration_us', 'Total time of making batches.', (of) => microseconds(of.stages.computeInputNs.ns));
  perVersion('nv_inference_compute_infer_duration_us', 'Total time in the model.', (of) => microseconds(of.stages.computeInferNs.ns));
  perVersion('nv_inference_compute_output_duration_us', 'Total time of taking batches apart.', (of) =>
    microseconds(of.stages.computeOutputNs.ns),
  );
  perVersion('ft_worker_restarts_total', 'Worker processes that ended and were started again.', ({ restarts }) => restarts);
  add('nv_inference_request_failure', 'Requests that failed, by the reasons that Triton knows.', ['reason'], (counter) => {
    for (const { model, version, failures } of statistics.versions) {
      for (const reason of ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER']) counter.inc({ model, version, reason }, 0);
      for (const [reason, count] of failures) counter.inc({ model, version, reason: tritonReason(reason) }, count);
    }
  });
  add(
    'ft_rejected_total',
    'Requests that were not answered, by reason; without a model, calls that came to none.',
    ['reason'],
    (counter) => {
      for (const { model, version, failures } of statistics.versions) {
        for (const [reason, count] of failures) counter.inc({ model, version, reason }, count);
      }
      for (const [reason, count] of statistics.refusals) counter.inc({ reason }, count);
    },
  );
  addLoadGauges(registry, statistics);
}

function addLoadGauges(registry: Registry, statistics: Statistics): void {
  addGauge(registry, 'nv_model_load_duration_secs', 'Time that loading took.', labels, (gauge) => {
    gauge.reset();
    for (const { model, version, loadSeconds } of statistics.versions) gauge.set({ model, version }, loadSeconds);
  });
  addGauge(registry, 'ft_model_info', 'What is served: always 1.', [...labels, 'sha256', 'engine'], (gauge) => {
    gauge.reset();
    for (const { model, version, info } of statistics.versions) {
      gauge.set({ model, version, sha256: info.sha256 ?? '', engine: info.engine ?? '' }, 1);
    }
  });
}

const rejected: readonly Reason[] = ['queue-full', 'timeout', 'rate-limited', 'unavailable', 'too-large'];

function tritonReason(reason: Reason): string {
  if (rejected.includes(reason)) return 'REJECTED';
  if (reason === 'cancelled') return 'CANCELED';
  return reason === 'failed' ? 'BACKEND' : 'OTHER';
}
