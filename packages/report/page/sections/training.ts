/** How a run went: loss and accuracy, learning rate, rewirings, exploration, with the borders between tickets. */
import type { ReportRun } from '../../src/report.ts';
import { type Chart, percent } from '../charts.ts';

export function trainingCharts(run: ReportRun): Chart[] {
  if (run.epochs.length === 0) return [];
  const members = [...new Set(run.epochs.map(({ member }) => member))];
  const of = (member: number, value: (point: ReportRun['epochs'][number]) => number | undefined) =>
    run.epochs.filter((point) => point.member === member).map((point) => [point.step, value(point) ?? null]);
  const named = (what: string, member: number) => (members.length > 1 ? `${what}, member ${member}` : what);
  const lines = (what: string, value: (point: ReportRun['epochs'][number]) => number | undefined, style = 'solid') =>
    members.map((member, k) => ({
      name: named(what, member),
      type: 'line',
      showSymbol: run.epochs.length < 40,
      lineStyle: { type: style },
      data: of(member, value),
      ...(k === 0 && style === 'solid' && { markLine: ticketBorders(run) }),
    }));
  return [
    {
      title: 'Loss',
      text: 'Cross-entropy in nats: of the training pictures, with a dashed line of the validation pictures. Upright lines are tickets.',
      option: stepped([...lines('training', ({ loss }) => loss), ...lines('validation', ({ validLoss }) => validLoss, 'dashed')], 'log'),
    },
    {
      title: 'Accuracy',
      text: 'Share of right answers: training, and dashed validation.',
      option: stepped([
        ...lines('training', ({ accuracy }) => accuracy),
        ...lines('validation', ({ validAccuracy }) => validAccuracy, 'dashed'),
      ]),
    },
    {
      title: 'Learning rate',
      text: 'Of the last step of each epoch. A jump upwards is the escape from one ticket to the next.',
      option: stepped(
        lines('learning rate', ({ learningRate }) => learningRate),
        'log',
      ),
    },
    ...rewiringCharts(run, members, named),
  ];
}

function rewiringCharts(run: ReportRun, members: readonly number[], named: (what: string, member: number) => string): Chart[] {
  if (run.rewirings.length === 0) return [];
  const series = (what: string, value: (rewiring: ReportRun['rewirings'][number]) => number) =>
    members.map((member, k) => ({
      name: named(what, member),
      type: 'line',
      showSymbol: run.rewirings.length < 60,
      data: run.rewirings.filter((rewiring) => rewiring.member === member).map((rewiring) => [rewiring.step, value(rewiring)]),
      ...(k === 0 && { markLine: ticketBorders(run) }),
    }));
  const moved = ({ layers }: ReportRun['rewirings'][number]) => {
    const live = layers.reduce((sum, layer) => sum + layer.live, 0);
    return live === 0 ? 0 : layers.reduce((sum, layer) => sum + layer.changed, 0) / live;
  };
  return [
    {
      title: 'Rewiring',
      text: 'Share of the live weights that each rewiring was to drop, and the share that really moved: some come back at once.',
      option: stepped([...series('to drop', ({ fraction }) => fraction), ...series('moved', moved)]),
    },
    {
      title: 'Exploration R_s',
      text: 'Share of all weights that have lived at least once.',
      option: stepped(series('R_s', ({ exploration }) => exploration)),
    },
  ];
}

/** Upright lines where tickets were handed out. */
function ticketBorders(run: ReportRun): object {
  return {
    symbol: 'none',
    silent: true,
    lineStyle: { type: 'dotted' },
    label: { formatter: '{b}', position: 'insideEndTop' },
    data: run.tickets.map(({ index, step }) => ({ name: `${index}`, xAxis: step })),
  };
}

function stepped(series: readonly object[], scale: 'log' | 'value' = 'value'): Chart['option'] {
  const shown = (value: unknown) => (typeof value === 'number' ? String(+value.toPrecision(4)) : '-');
  return {
    legend: {},
    dataZoom: [{ type: 'inside' }],
    tooltip: { trigger: 'axis', confine: true, valueFormatter: shown },
    // The last step is no round number: its label would run into the one before it.
    xAxis: { type: 'value', name: 'step', nameLocation: 'middle', nameGap: 24, max: 'dataMax', axisLabel: { showMaxLabel: false } },
    yAxis: { type: scale, scale: true },
    series,
  };
}

/** Layer by layer: how much of it lives, and how much of it every rewiring moved. */
export function layerCharts({ rewirings }: ReportRun): Chart[] {
  const [first] = rewirings;
  if (first === undefined) return [];
  const last = rewirings.at(-1)!;
  const names = last.layers.map(({ param }) => param);
  const rows = rewirings.flatMap(({ layers }, x) =>
    layers.map(({ param, changed, live }) => [x, names.indexOf(param), live === 0 ? 0 : +(changed / live).toFixed(4)]),
  );
  const height = Math.max(14, 4 + 1.3 * names.length);
  return [
    {
      title: 'Live weights of each layer',
      text: 'Density before the first rewiring and before the last.',
      height,
      option: {
        legend: {},
        xAxis: { type: 'value', max: 1, axisLabel: { formatter: (value: number) => percent(value, 0) } },
        yAxis: { type: 'category', data: names, inverse: true },
        series: [
          { name: 'first', rewiring: first },
          { name: 'last', rewiring: last },
        ].map(({ name, rewiring }) => ({
          name,
          type: 'bar',
          data: names.map((param) => {
            const layer = rewiring.layers.find((own) => own.param === param);
            return layer ? +(layer.live / layer.size).toFixed(5) : null;
          }),
        })),
      },
    },
    {
      title: 'How the layers moved',
      text: 'Share of each layer’s live weights that moved, rewiring by rewiring.',
      height,
      option: {
        tooltip: { trigger: 'item', confine: true },
        xAxis: { type: 'category', data: rewirings.map(({ step }) => String(step)), name: 'step', nameLocation: 'middle', nameGap: 24 },
        yAxis: { type: 'category', data: names, inverse: true },
        grid: { top: 60 },
        visualMap: {
          min: 0,
          max: Math.max(...rows.map(([, , share]) => share as number), 0.01),
          calculable: true,
          orient: 'horizontal',
          left: 'center',
          top: 0,
          itemHeight: 80,
        },
        series: [{ type: 'heatmap', data: rows }],
      },
    },
  ];
}
