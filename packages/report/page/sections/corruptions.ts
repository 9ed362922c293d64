/** Accuracy and calibration on corrupted pictures, each corruption at each severity. */
import type { ReportEvaluation } from '../../src/report.ts';
import { type Chart, percent } from '../charts.ts';

export function corruptionCharts({ corruptions }: ReportEvaluation): Chart[] {
  if (!corruptions || corruptions.cells.length === 0) return [];
  const { cells } = corruptions;
  const names = [...new Set(cells.map(({ corruption }) => corruption))];
  const severities = [...new Set(cells.map(({ severity }) => severity))].sort();
  const chart = (title: string, text: string, value: (cell: (typeof cells)[number]) => number): Chart => {
    const data = cells.map((cell) => [severities.indexOf(cell.severity), names.indexOf(cell.corruption), +value(cell).toFixed(4)]);
    const values = data.map(([, , found]) => found as number);
    return {
      title,
      text,
      height: Math.max(16, 6 + 1.4 * names.length),
      option: {
        tooltip: {
          trigger: 'item',
          confine: true,
          formatter: ({ data: [x, y, found] }: { data: [number, number, number] }) =>
            `${names[y]}, severity ${severities[x]}: ${percent(found, 2)}`,
        },
        xAxis: { type: 'category', data: severities.map(String), name: 'severity', nameLocation: 'middle', nameGap: 24 },
        yAxis: { type: 'category', data: names, inverse: true },
        grid: { top: 60 },
        visualMap: {
          min: Math.min(...values),
          max: Math.max(...values),
          calculable: true,
          orient: 'horizontal',
          left: 'center',
          top: 0,
          itemHeight: 80,
          formatter: (found: number) => percent(found),
        },
        series: [
          { type: 'heatmap', data, label: { show: true, formatter: ({ data: [, , found] }: { data: number[] }) => percent(found!) } },
        ],
      },
    };
  };
  return [
    chart('Accuracy on corrupted pictures', 'Of the ensemble, by corruption and severity.', ({ accuracy }) => accuracy),
    chart(
      'Calibration error on corrupted pictures',
      'ECE of the ensemble: how far its probabilities are from the truth.',
      ({ ece }) => ece,
    ),
  ];
}
