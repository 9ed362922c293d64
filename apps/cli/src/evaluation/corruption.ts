/** Scores on corrupted test pictures, cell by cell (a corruption at a severity), pooled and as the mean over cells. */
import { corruptionsIn, severities } from '@freetickets/datasets';
import {
  accuracy,
  brier,
  type CellScore,
  type CorruptionCell,
  collect,
  ece,
  type Metric,
  memberPrediction,
  nll,
  type ResampledCell,
  resampledCell,
  resampledCorruptions,
  summarizeCorruptions,
} from '@freetickets/metrics';
import { type CorruptionName, corruptionNames, type Prediction, SparseError } from '@freetickets/sparse-core';
import { type Data, openCorruptions } from '../data.ts';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import { durationText, percent } from '../text.ts';
import type { CorruptionFigures, Corruptions } from './document.ts';
import { type Bootstrap, intervalsOf, type WithIntervals } from './intervals.ts';
import type { Members } from './members.ts';

export interface CorruptionOptions {
  /** Folder of the published files. Absent: the test pictures are corrupted here. */
  readonly folder?: string;
  /** Default: all 19, or those in the folder. */
  readonly corruptions?: readonly CorruptionName[];
  /** Default: 1 to 5. */
  readonly severities?: readonly number[];
}

type Names = CellScore;

/** Of an ensemble or a member. */
type Cell = CorruptionCell<Names> & { readonly cell: ResampledCell };

const cellMetrics = (): Metric<Record<Names, number>> =>
  collect({ accuracy: accuracy(), nll: nll(), brier: brier(), ece: ece(), eceFreetickets: ece({ edges: 'freetickets' }) });

/**
 * Which corruptions will be measured, before anything is computed.
 * @throws SparseError when the pictures are of another shape than corruptions are made for, or the folder holds none of them
 */
export async function corruptionsFor(
  { dataset }: Pick<Data, 'dataset'>,
  { folder, corruptions }: CorruptionOptions,
): Promise<readonly CorruptionName[]> {
  if (String(dataset.shape) !== '3,32,32') {
    const pictures = new Error(`${dataset.shape.join('x')} of ${dataset.name}`);
    throw new SparseError('INVALID_CONFIG', '--corruptions', 'a run on pictures of 3x32x32, which corruptions are made for', pictures);
  }
  if (folder === undefined) return corruptions ?? corruptionNames;
  const there = await corruptionsIn(folder);
  const missing = corruptions?.find((name) => !there.includes(name)) ?? (there.length === 0 ? corruptionNames[0] : undefined);
  if (missing === undefined) return corruptions ?? there;
  const received = new Error(there.length === 0 ? 'none of its files' : `only ${there.join(', ')}`);
  throw new SparseError('MISSING_FILE', folder, `a folder of CIFAR-10-C or CIFAR-100-C with ${missing}.npy`, received);
}

/** @param names as `corruptionsFor` gave them */
export async function corruptionScores(
  members: Pick<Members, 'outputsOf'>,
  data: Data,
  names: readonly CorruptionName[],
  options: CorruptionOptions,
  bootstrap: Bootstrap,
  talk: Talk,
): Promise<Corruptions> {
  const { seed } = bootstrap;
  const levels = options.severities ?? severities;
  const total = names.length * levels.length;
  const ensemble: Cell[] = [];
  const alone: Cell[][] = [];
  const bar = progressBar({ label: 'corruptions', total: total * data.test.size }, talk);
  const started = performance.now();
  let samples = 0;
  try {
    for await (const { source, ...place } of openCorruptions(data, { ...options, seed, corruptions: names, severities: levels })) {
      const before = ensemble.length * source.size;
      const note = `${place.corruption} ${place.severity}`;
      const { prediction, labels } = await members.outputsOf(source, (done) => bar.update(before + done, note));
      ensemble.push({ ...place, ...measured(prediction, labels) });
      for (let member = 0; member < prediction.members; member++) {
        const cell = { ...place, ...measured(memberPrediction(prediction, member), labels) };
        alone[member] = [...(alone[member] ?? []), cell];
      }
      samples = source.size;
      if (ensemble.length % levels.length === 0) {
        const left = timeLeft(started, ensemble.length, total);
        bar.say(`${place.corruption}: accuracy ${percent(meanAccuracy(ensemble.slice(-levels.length)))}${left}`);
      }
    }
  } finally {
    bar.stop();
  }
  const intervals = intervalsOf<string>(samples, [ensemble, ...alone].map(resampledCorruptions), bootstrap);
  return {
    from: options.folder === undefined ? 'generated' : 'files',
    seed: options.folder === undefined ? seed : null,
    samples,
    ensemble: figuresOf(ensemble, intervals[0]!),
    members: alone.map((cells, member) => figuresOf(cells, intervals[member + 1]!)),
    cells: ensemble.map(({ corruption, severity, metrics }) => ({
      corruption,
      severity,
      ...metrics.value(),
      ...intervalsAt(intervals[0]!, `${corruption}.${severity}`),
    })),
  };
}

function measured(prediction: Prediction, labels: Int32Array): Pick<Cell, 'metrics' | 'cell'> {
  const metrics = cellMetrics();
  metrics.update(prediction, labels);
  return { metrics, cell: resampledCell(prediction, labels) };
}

function figuresOf(cells: readonly Cell[], intervals: WithIntervals<string>): CorruptionFigures {
  const summary = summarizeCorruptions(cells, cellMetrics);
  const lists = (['all', 'of15', 'of19'] as const).flatMap((list) => {
    const sums = summary[list];
    if (!sums) return [];
    const { pooled, cellMean } = sums;
    const own = {
      cells: sums.cells,
      pooled: { ...pooled, ...intervalsAt(intervals, `${list}.pooled`) },
      cellMean: { ...cellMean, ...intervalsAt(intervals, `${list}.cellMean`) },
    };
    return [[list, own] as const];
  });
  return Object.fromEntries(lists) as CorruptionFigures;
}

/** Those whose names begin with a place, by the rest of the name. */
function intervalsAt({ intervals }: WithIntervals<string>, place: string): WithIntervals<Names> {
  if (!intervals) return {};
  const own = Object.entries(intervals).filter(([name]) => name.startsWith(`${place}.`));
  return { intervals: Object.fromEntries(own.map(([name, ends]) => [name.slice(place.length + 1), ends])) };
}

function timeLeft(started: number, done: number, total: number): string {
  const seconds = ((performance.now() - started) / 1000) * (total / done - 1);
  return done === total ? '' : `, about ${durationText(seconds)} left`;
}

const meanAccuracy = (cells: readonly CorruptionCell<Names>[]): number =>
  cells.reduce((sum, { metrics }) => sum + metrics.value().accuracy, 0) / cells.length;
