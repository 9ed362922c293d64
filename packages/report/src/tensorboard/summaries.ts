/** Values of a summary, one for each kind of TensorBoard's plugins: scalars, histograms, images, text, hyperparameters. */
import { encode as encodePng } from 'fast-png';
import type { Histogram } from '../histogram.ts';
import type { RunEnd, RunStart } from '../reporter.ts';
import { encode } from './schema.ts';

/** A value of `Summary` in schema.ts. */
export type SummaryValue = Readonly<Record<string, unknown>> & { readonly tag: string };

const DT_FLOAT = 1;
const DT_STRING = 7;
const HPARAMS_STATUS: Readonly<Record<RunEnd, number>> = { finished: 1, failed: 2, stopped: 0 };

export const scalar = (tag: string, simpleValue: number): SummaryValue => ({ tag, simpleValue });

export function histogramValue(tag: string, { min, max, count, sum, sumOfSquares, limits, counts }: Histogram): SummaryValue {
  return { tag, histo: { min, max, num: count, sum, sumSquares: sumOfSquares, bucketLimit: limits, bucket: counts } };
}

/**
 * A grey picture, one pixel a cell; the largest value is white, 0 black.
 * @param cells (height, width), row by row, at least 0
 */
export function image(tag: string, cells: readonly number[], height: number, width: number): SummaryValue {
  const most = Math.max(...cells) || 1;
  const data = Uint8Array.from(cells, (cell) => Math.round((255 * cell) / most));
  return { tag, image: { height, width, colorspace: 1, encodedImageString: encodePng({ width, height, data, channels: 1, depth: 8 }) } };
}

/** @param markdown as TensorBoard renders it */
export function text(tag: string, markdown: string): SummaryValue {
  const tensor = { dtype: DT_STRING, tensorShape: {}, stringVal: [new TextEncoder().encode(markdown)] };
  return { tag, tensor, metadata: { pluginData: { pluginName: 'text' } } };
}

/** Rows of a table in Markdown. */
export function markdownTable(header: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const cell = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [header, ['---', '---'], ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

export function hparamsStart({ name, configuration, time }: RunStart): SummaryValue {
  const hparams = Object.entries(configuration).map(([key, value]) => ({ key, value: hparam(value) }));
  return hparamsValue('_hparams_/session_start_info', { sessionStartInfo: { hparams, groupName: name, startTimeSecs: time } });
}

export const hparamsEnd = (how: RunEnd, time: number): SummaryValue =>
  hparamsValue('_hparams_/session_end_info', { sessionEndInfo: { status: HPARAMS_STATUS[how], endTimeSecs: time } });

const hparam = (value: string | number | boolean) =>
  typeof value === 'string' ? { stringValue: value } : typeof value === 'number' ? { numberValue: value } : { boolValue: value };

/** All is in the metadata; a value needs a tensor all the same, an empty one. */
function hparamsValue(tag: string, content: object): SummaryValue {
  const pluginData = { pluginName: 'hparams', content: encode('HParamsPluginData', { version: 0, ...content }) };
  return { tag, tensor: { dtype: DT_FLOAT, tensorShape: { dim: [{ size: 0 }] } }, metadata: { pluginData } };
}
