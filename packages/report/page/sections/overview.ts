/** All runs at once: the table, to copy, and quality against cost. */
import type { Report } from '../../src/report.ts';
import { asPercent, type Chart, panel, percent } from '../charts.ts';
import { button, element, table } from '../elements.ts';

export function overview({ table: { header, rows, csv, latex }, costs, notes }: Report): HTMLElement[] {
  const said = element('span', { role: 'status' });
  const copy = (what: string, text: string) =>
    button(`Copy as ${what}`, () => {
      navigator.clipboard.writeText(text).then(
        () => said.replaceChildren(`${what} is in the clipboard`),
        () => said.replaceChildren(`the browser does not let this page write to the clipboard`),
      );
    });
  const charts = costs.length > 1 ? [against('trainingFlops'), against('seconds'), against('inferenceFlops')] : [];
  return [
    element('h2', {}, 'Results'),
    ...notes.map((note) => element('p', {}, note)),
    table(header, rows, 'Results of all runs'),
    element('div', { class: 'tools' }, copy('CSV', csv), copy('LaTeX', latex), said),
    element('div', { class: 'grid' }, ...charts.map((key) => panel(key(costs)))),
  ];
}

const AXES = {
  trainingFlops: { title: 'Accuracy against training FLOPs', name: 'training FLOPs, of one dense network' },
  seconds: { title: 'Accuracy against seconds', name: 'seconds of training' },
  inferenceFlops: { title: 'Accuracy against prediction FLOPs', name: 'FLOPs of one prediction, of one dense network' },
} as const;

const against =
  (key: keyof typeof AXES) =>
  (costs: Report['costs']): Chart => ({
    title: AXES[key].title,
    text: 'Each point is a run; further up and to the left is better.',
    option: {
      legend: {},
      tooltip: {
        trigger: 'item',
        confine: true,
        formatter: ({ seriesName, data }: { seriesName: string; data: number[] }) =>
          `${seriesName}: ${percent(data[1]!, 2)} at ${data[0]!.toPrecision(4)}`,
      },
      xAxis: { type: 'value', scale: true, name: AXES[key].name, nameLocation: 'middle', nameGap: 24 },
      yAxis: { type: 'value', scale: true, ...asPercent },
      series: costs.map((cost) => ({ name: cost.run, type: 'scatter', symbolSize: 12, data: [[cost[key], cost.accuracy]] })),
    },
  });
