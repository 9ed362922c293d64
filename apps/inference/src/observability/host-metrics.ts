// The machine's processor and memory under Triton's names. The GPU gauges are not offered.

import { cpus, freemem, totalmem } from 'node:os';
import type { Registry } from 'prom-client';
import { addGauge } from './gauge.ts';

export function addHostMetrics(registry: Registry): void {
  let last = busyTimes();
  addGauge(registry, 'nv_cpu_utilization', 'Share of the processors that was busy since the last look, 0 to 1.', [], (gauge) => {
    const now = busyTimes();
    const total = now.total - last.total;
    if (total > 0) gauge.set((now.busy - last.busy) / total);
    last = now;
  });
  addGauge(registry, 'nv_cpu_memory_total_bytes', 'Memory of the machine.', [], (gauge) => gauge.set(totalmem()));
  addGauge(registry, 'nv_cpu_memory_used_bytes', 'Memory of the machine that is in use.', [], (gauge) => gauge.set(totalmem() - freemem()));
}

/** Milliseconds of all processors since the machine started. */
function busyTimes(): { readonly busy: number; readonly total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { busy: total - idle, total };
}
