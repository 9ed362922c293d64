/** Runs as text: a few lines each, with charts of loss and accuracy where the terminal has room for them. */
import type { EpochPoint } from '@freetickets/report';
import { plot } from 'simple-ascii-chart';
import { counted, durationText, percent } from '../text.ts';
import type { RunStatus } from './run-status.ts';

export interface Screen {
  /** In characters. */
  readonly columns: number;
  readonly rows: number;
}

/** Lines above and below a chart's own: its title, the arrows' ends, the axis, its labels. */
const FRAME = 4;
const LOWEST = 4;
const HIGHEST = 12;

export function dashboard(statuses: readonly RunStatus[], { columns, rows }: Screen): string {
  const heads = statuses.map(headOf);
  const used = heads.reduce((sum, lines) => sum + lines.length + 1, 0);
  const height = Math.min(HIGHEST, Math.floor((rows - 1 - used) / (2 * statuses.length)) - FRAME);
  const width = columns - 14;
  const blocks = statuses.map((status, index) => [
    ...heads[index]!,
    ...(height >= LOWEST && width >= 20 ? chartsOf(status, width, height) : []),
    '',
  ]);
  return blocks.flat().join('\n');
}

function headOf(status: RunStatus): string[] {
  const { run, experiment, data, network, engine, epochs } = status;
  return [
    run,
    `${experiment.method} on ${data}: ${network}, sparsity ${experiment.sparsity}, engine ${engine}`,
    ...(epochs.length > 0 ? [scoresText(epochs.at(-1)!)] : []),
    progressText(status),
  ];
}

/** Of runs off a terminal: one line for each epoch. */
export const lineOf = (status: RunStatus): string =>
  [`${status.run}: ${progressText(status)}`, ...(status.epochs.length > 0 ? [scoresText(status.epochs.at(-1)!)] : [])].join('; ');

function scoresText({ loss, accuracy, validAccuracy, learningRate }: EpochPoint): string {
  const validation = validAccuracy === undefined ? '' : `, validation ${percent(validAccuracy)}`;
  return `loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}${validation}, rate ${+learningRate.toPrecision(3)}`;
}

function progressText(status: RunStatus): string {
  const { epochsDone, epochsWanted, rewirings, exploration, tickets, ticketsWanted, seconds, secondsLeft, finished } = status;
  const explored = exploration === undefined ? '' : ` (R_s ${percent(exploration)})`;
  const left = finished ? 'finished' : secondsLeft === undefined ? 'no epoch yet' : `about ${durationText(secondsLeft)} left`;
  return [
    `epoch ${epochsDone} of ${epochsWanted}`,
    `${counted(rewirings, 'rewiring')}${explored}`,
    `${tickets} of ${counted(ticketsWanted, 'ticket')}`,
    `${durationText(seconds)} of training`,
    left,
  ].join(', ');
}

/** Epochs from left to right, members one after the other; of validation where there is one. */
function chartsOf({ epochs }: RunStatus, width: number, height: number): string[] {
  const loss = series(epochs, ({ loss, validLoss }) => validLoss ?? loss);
  const accuracy = series(epochs, ({ accuracy, validAccuracy }) => 100 * (validAccuracy ?? accuracy));
  return [...chart(loss, 'loss, by epoch', width, height), ...chart(accuracy, 'accuracy %, by epoch', width, height)];
}

const series = (epochs: readonly EpochPoint[], value: (point: EpochPoint) => number): [number, number][] =>
  epochs.map((point, index): [number, number] => [index + 1, value(point)]).filter(([, y]) => Number.isFinite(y));

const chart = (points: [number, number][], title: string, width: number, height: number): string[] =>
  points.length < 2
    ? []
    : plot(points, { title, width, height, customXAxisTicks: [1, points.length] })
        .split('\n')
        .filter((line) => line.trim() !== '');
