// The last minute of a model's life, one look a second: answers, waiting, drift.

import { type Client, ServerError } from '@freetickets/client';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const LOOKS = 60;

interface Statistics {
  readonly inference_count: number;
  readonly inference_stats: { readonly queue: { readonly count: number; readonly ns: number } };
}

/** One chart; colours follow the page's scheme. */
class Chart {
  readonly #place: HTMLElement;
  readonly #names: readonly string[];
  readonly #times: number[] = [];
  readonly #values: (number | null)[][];
  #plot: uPlot | undefined;

  constructor(id: string, names: readonly string[]) {
    this.#place = document.getElementById(id)!;
    this.#names = names;
    this.#values = names.map(() => []);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    this.#draw();
  }

  add(values: readonly (number | null)[]): void {
    this.#times.push(Date.now() / 1000);
    for (const [k, value] of values.entries()) this.#values[k]!.push(value);
    if (this.#times.length > LOOKS) for (const series of [this.#times, ...this.#values]) series.shift();
    this.#plot!.setData([this.#times, ...this.#values]);
  }

  #draw(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(document.body);
    const ink = style.color;
    const colours = [getComputedStyle(document.getElementById('accent-probe')!).color, ink, 'gray'];
    const axis = { stroke: ink, grid: { stroke: 'rgb(128 128 128 / 30%)' }, ticks: { show: false } };
    this.#plot = new uPlot(
      {
        width: this.#place.clientWidth || 300,
        height: 120,
        legend: { show: this.#names.length > 1, live: false },
        cursor: { show: false },
        series: [{}, ...this.#names.map((label, k) => ({ label, stroke: colours[k % 3]!, width: 2, dash: k === 2 ? [4, 4] : [] }))],
        axes: [
          { ...axis, show: false },
          { ...axis, size: 44 },
        ],
        scales: { y: { range: (_: uPlot, __: number, most: number) => [0, Math.max(most, 0.1)] } },
      },
      [this.#times, ...this.#values],
      this.#place,
    );
  }
}

const MEASURES = ['entropy', 'confidence', 'ood_score'] as const;

/** Follows the model that `current` names; a server that does not answer leaves gaps. Call it once. */
export function followModel(current: () => { readonly client: Client; readonly model: string } | undefined): void {
  const charts = {
    throughput: new Chart('throughput', ['answers per second']),
    queue: new Chart('queue', ['milliseconds']),
    drift: new Chart('drift', [...MEASURES]),
  };
  const say = (id: string, text: string) => {
    document.getElementById(`${id}-now`)!.textContent = text;
  };
  let before: { model: string; at: number; statistics: Statistics } | undefined;
  const uncalibrated = new Set<string>();
  const driftOf = async (client: Client, model: string) => {
    if (uncalibrated.has(model)) return undefined;
    return client.drift(model).catch((error: unknown) => {
      if (error instanceof ServerError && error.status === 404) uncalibrated.add(model);
      return undefined;
    });
  };
  const look = async () => {
    const now = current();
    if (!now || document.hidden) return;
    const { client, model } = now;
    const [counted, drift] = await Promise.all([client.statistics(model).catch(() => undefined), driftOf(client, model)]);
    const statistics = (counted?.model_stats as Statistics[] | undefined)?.[0];
    const at = performance.now();
    const [rate, wait] = statistics && before?.model === model ? since(before, statistics, at) : [null, null];
    before = statistics && { model, at, statistics };
    charts.throughput.add([rate]);
    charts.queue.add([wait]);
    charts.drift.add(MEASURES.map((measure) => drift?.measures[measure].psi ?? null));
    say('throughput', rate === null ? 'none' : rate.toFixed(1));
    say('queue', wait === null ? 'none' : `${wait.toFixed(2)} ms`);
    say('drift', drift ? `${drift.state}, ${drift.samples} answers` : uncalibrated.has(model) ? 'this model has no calibration' : 'none');
  };
  setInterval(() => void look(), 1000);
}

function since(before: { at: number; statistics: Statistics }, now: Statistics, at: number): [number, number | null] {
  const rate = ((now.inference_count - before.statistics.inference_count) * 1000) / (at - before.at);
  const [own, earlier] = [now.inference_stats.queue, before.statistics.inference_stats.queue];
  const requests = own.count - earlier.count;
  return [rate, requests > 0 ? (own.ns - earlier.ns) / requests / 1e6 : null];
}
