/** The charting library, with only the parts that reports use, in the colours that the reader's system asks for. */
import { BarChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { type ECharts, type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { element } from './elements.ts';

use([BarChart, HeatmapChart, LineChart, ScatterChart]);
use([
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  CanvasRenderer,
]);

export type Option = EChartsCoreOption;

/** One chart: what it shows, and a sentence that says how to read it. */
export interface Chart {
  readonly title: string;
  readonly text: string;
  readonly option: Option;
  readonly wide?: boolean;
  /** In rem; default 20. */
  readonly height?: number;
}

/** Okabe and Ito's colours, which people with any colour vision can tell apart; the darkest and the yellow are left out. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a6bb8', '#8c6d31'];
const dark = matchMedia('(prefers-color-scheme: dark)');
const open = new Map<HTMLElement, { readonly chart: ECharts; option: Option }>();
/** Places of panels by title, with what is to be drawn there. */
const panels = new Map<string, { readonly place: HTMLElement; option: Option }>();

/** A panel, whose chart is drawn once the panel is on the page and can be seen. */
export function panel({ title, text, option, wide = false, height = 20 }: Chart): HTMLElement {
  const place = element('div', { class: 'chart', style: `height: ${height}rem`, role: 'img', 'aria-label': `${title}. ${text}` });
  const watch = new IntersectionObserver(([seen]) => {
    if (!seen?.isIntersecting) return;
    watch.disconnect();
    draw(place, own.option);
  });
  watch.observe(place);
  const own = { place, option };
  panels.set(title, own);
  return element('section', { class: wide ? 'panel wide' : 'panel' }, element('h3', {}, title), element('p', {}, text), place);
}

/** Draws into `place`; the chart follows its size, and the reader's choice of dark or light. */
export function draw(place: HTMLElement, option: Option): ECharts {
  const chart = init(place, null, { renderer: 'canvas' });
  open.set(place, { chart, option });
  chart.setOption(themed(option));
  new ResizeObserver(() => chart.resize()).observe(place);
  return chart;
}

/** Draws newer numbers into a panel that is on the page; where the reader has zoomed to stays. */
export function redraw({ title, option }: Chart): void {
  const own = panels.get(title)!;
  own.option = option;
  const drawn = open.get(own.place);
  if (!drawn) return; // not seen yet
  drawn.option = option;
  drawn.chart.setOption(themed(option), { replaceMerge: ['series'] });
}

/** Lets go of every chart, before the page is drawn anew. */
export function closeAll(): void {
  for (const { chart } of open.values()) chart.dispose();
  open.clear();
  panels.clear();
}

dark.addEventListener('change', () => {
  for (const { chart, option } of open.values()) chart.setOption(themed(option), { notMerge: true });
});

function themed(option: Option): Option {
  const [ink, line, paper] = dark.matches ? ['#d5dce4', '#46525f', '#1d242c'] : ['#33404d', '#cfd6dd', '#ffffff'];
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisLabel: { color: ink },
    nameTextStyle: { color: ink },
    splitLine: { lineStyle: { color: line } },
  };
  const withLabels = (given: { readonly axisLabel?: object } | undefined) => ({
    ...axis,
    ...given,
    axisLabel: { ...axis.axisLabel, ...given?.axisLabel },
  });
  const withAxis = (own: unknown) => (Array.isArray(own) ? own : [own]).map(withLabels);
  return {
    color: COLOURS,
    animation: false,
    textStyle: { color: ink, fontFamily: 'system-ui, sans-serif' },
    tooltip: { trigger: 'axis', confine: true, backgroundColor: paper, borderColor: line, textStyle: { color: ink } },
    ...option,
    ...(option.legend !== undefined && { legend: { type: 'scroll', top: 0, textStyle: { color: ink }, ...(option.legend as object) } }),
    grid: { left: 8, right: 16, top: 36, bottom: 28, containLabel: true, ...(option.grid as object) },
    xAxis: withAxis(option.xAxis),
    yAxis: withAxis(option.yAxis),
    ...(option.visualMap !== undefined && { visualMap: { textStyle: { color: ink }, ...(option.visualMap as object) } }),
  };
}

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
export const asPercent = { axisLabel: { formatter: (value: number) => `${+(100 * value).toFixed(2)} %` } };
