/** What the members have in common and what not, and how they came to it. */
import type { Pairs, ReportEvaluation } from '../../src/report.ts';
import { asPercent, type Chart, percent } from '../charts.ts';

export function memberCharts({ ensemble, members, diversity: { pairs }, trajectory, interpolation }: ReportEvaluation): Chart[] {
  return [
    ...(members.length > 1 ? [scores(ensemble, members)] : []),
    ...(pairs && members.length > 1
      ? [
          matrix('Disagreement', 'Share of the test pictures on which two members answer differently.', pairs.disagreement),
          matrix('Topology overlap', 'Live weights that two tickets share, of those that either has.', pairs.topologyOverlap),
        ]
      : []),
    ...(trajectory ? [wayOf(trajectory.points)] : []),
    ...(interpolation ?? { paths: [] }).paths.map(({ members: [from, to], points }) => ({
      title: `Between members ${from} and ${to}`,
      text: 'Share of wrong answers on the straight line between their weights. A hill says that they lie in different valleys.',
      option: {
        xAxis: { type: 'value', min: 0, max: 1, name: `share of member ${to}`, nameLocation: 'middle', nameGap: 24 },
        yAxis: { type: 'value', min: 0, ...asPercent },
        series: [{ name: 'wrong', type: 'line', data: points.map(({ share, error }) => [share, error]) }],
      },
    })),
  ];
}

function scores(ensemble: ReportEvaluation['ensemble'], members: ReportEvaluation['members']): Chart {
  const all = [...members.map((own, m) => ({ name: `member ${m}`, ...own })), { name: 'ensemble', ...ensemble }];
  return {
    title: 'Members and ensemble',
    text: 'Accuracy to the right, negative log-likelihood downwards: the ensemble should lie to the lower right of its members.',
    option: {
      tooltip: {
        trigger: 'item',
        confine: true,
        formatter: ({ seriesName, data }: { seriesName: string; data: number[] }) =>
          `${seriesName}: ${percent(data[0]!, 2)}, NLL ${data[1]!.toFixed(4)}`,
      },
      legend: {},
      xAxis: { type: 'value', scale: true, name: 'accuracy', nameLocation: 'middle', nameGap: 24, ...asPercent },
      yAxis: { type: 'value', scale: true, name: 'NLL' },
      series: all.map(({ name, accuracy, nll }) => ({
        name,
        type: 'scatter',
        symbolSize: name === 'ensemble' ? 18 : 12,
        data: [[accuracy, nll]],
      })),
    },
  };
}

function matrix(title: string, text: string, pairs: Pairs): Chart {
  const names = pairs.map((_, m) => String(m));
  const cells = pairs.flatMap((row, y) => row.flatMap((value, x) => (value === null || x === y ? [] : [[x, y, +value.toFixed(4)]])));
  const values = cells.map(([, , value]) => value as number);
  return {
    title,
    text,
    option: {
      tooltip: {
        trigger: 'item',
        confine: true,
        formatter: ({ data }: { data: number[] }) => `${data[0]} and ${data[1]}: ${percent(data[2]!, 2)}`,
      },
      xAxis: { type: 'category', data: names },
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
        formatter: (value: number) => percent(value, 2),
      },
      series: [
        {
          type: 'heatmap',
          data: cells,
          label: { show: names.length <= 8, formatter: ({ data }: { data: number[] }) => percent(data[2]!) },
        },
      ],
    },
  };
}

function wayOf(points: NonNullable<ReportEvaluation['trajectory']>['points']): Chart {
  const members = [...new Set(points.map(({ member }) => member))];
  return {
    title: 'Ways of the members',
    text: 'Predictions after each epoch, laid out by t-SNE: points that are near each other predict alike. Large points are the last epochs.',
    option: {
      legend: {},
      tooltip: {
        trigger: 'item',
        confine: true,
        formatter: ({ seriesName, data }: { seriesName: string; data: number[] }) => `${seriesName}, epoch ${data[2]}`,
      },
      xAxis: { type: 'value', scale: true, axisLabel: { show: false } },
      yAxis: { type: 'value', scale: true, axisLabel: { show: false } },
      series: members.map((member) => {
        const own = points.filter((point) => point.member === member);
        return {
          name: `member ${member}`,
          type: 'line',
          lineStyle: { width: 1, opacity: 0.5 },
          symbol: 'circle',
          symbolSize: ([, , epoch]: number[]) => (epoch === own.at(-1)?.epoch ? 14 : 6),
          data: own.map(({ x, y, epoch }) => [x, y, epoch]),
        };
      }),
    },
  };
}
