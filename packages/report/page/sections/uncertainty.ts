/** Whether the ensemble's probabilities can be trusted: reliability, risk against coverage, and what it says of pictures of other kinds. */
import type { ReportEvaluation } from '../../src/report.ts';
import { asPercent, type Chart, percent } from '../charts.ts';

export function uncertaintyCharts({ curves, ood = [] }: ReportEvaluation): Chart[] {
  const sets = ood.flatMap(({ name, histogram, ensemble }) =>
    histogram ? [{ name, histogram, auroc: ensemble.maxProbability?.auroc }] : [],
  );
  return [
    ...(curves ? ofCurves(curves) : []),
    ...sets.map(({ name, histogram, auroc }) => ({
      title: `Other pictures: ${name}`,
      text: `Largest probability on the test pictures and on ${name}${auroc === undefined ? '' : `; AUROC ${percent(auroc)}`}. The less they overlap, the better.`,
      option: histogramOption([
        { name: 'test pictures', counts: histogram.inside },
        { name, counts: histogram.outside },
      ]),
    })),
  ];
}

function ofCurves({ reliability, riskCoverage, confidence }: NonNullable<ReportEvaluation['curves']>): Chart[] {
  return [
    {
      title: 'Reliability',
      text: 'Of the pictures that the ensemble is so sure of, how many it gets right. On the diagonal the probabilities can be taken at their word.',
      option: {
        legend: {},
        xAxis: { type: 'value', min: 0, max: 1, name: 'confidence', nameLocation: 'middle', nameGap: 24, ...asPercent },
        yAxis: { type: 'value', min: 0, max: 1, ...asPercent },
        tooltip: {
          trigger: 'item',
          confine: true,
          formatter: ({ data }: { data: number[] }) => `${data[2] ?? ''} pictures: claims ${percent(data[0]!)}, right ${percent(data[1]!)}`,
        },
        series: [
          {
            name: 'ensemble',
            type: 'line',
            symbolSize: 8,
            data: reliability.map(({ confidence: claimed, accuracy, count }) => [claimed, accuracy, count]),
          },
          {
            name: 'calibrated',
            type: 'line',
            showSymbol: false,
            silent: true,
            lineStyle: { type: 'dashed' },
            data: [
              [0, 0],
              [1, 1],
            ],
          },
        ],
      },
    },
    {
      title: 'Confidence',
      text: 'How sure the ensemble is where it is right, and where it is wrong (a logarithmic scale).',
      option: histogramOption([
        { name: 'right', counts: confidence.right },
        { name: 'wrong', counts: confidence.wrong },
      ]),
    },
    {
      title: 'Risk and coverage',
      text: 'Share of wrong answers if only the surest are given. Few errors far to the right are what to look for.',
      option: {
        xAxis: { type: 'value', min: 0, max: 1, name: 'answered', nameLocation: 'middle', nameGap: 24, ...asPercent },
        yAxis: { type: 'value', min: 0, ...asPercent },
        tooltip: { trigger: 'axis', confine: true, valueFormatter: (value: unknown) => percent(Number(value), 2) },
        series: [
          {
            name: 'wrong',
            type: 'line',
            showSymbol: false,
            areaStyle: { opacity: 0.2 },
            data: riskCoverage.map(({ coverage, risk }) => [coverage, risk]),
          },
        ],
      },
    },
  ];
}

function histogramOption(groups: readonly { readonly name: string; readonly counts: readonly number[] }[]): Chart['option'] {
  const bins = groups[0]!.counts.length;
  return {
    legend: {},
    xAxis: {
      type: 'category',
      data: Array.from({ length: bins }, (_, b) => `${Math.round((100 * (b + 1)) / bins)} %`),
      name: 'largest probability',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: { type: 'log', min: 0.5, axisLabel: { formatter: (value: number) => (value < 1 ? '0' : String(value)) } },
    series: groups.map(({ name, counts }) => ({ name, type: 'bar', barGap: '0%', data: counts.map((count) => count || null) })),
  };
}
