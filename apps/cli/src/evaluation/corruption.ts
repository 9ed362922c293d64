/** Scores on corrupted test pictures, cell by cell (a corruption at a severity), pooled and as the mean over cells. */
import { corruptionsIn, severities } from '@freetickets/datasets';
import {
  accuracy,
  brier,
  type CorruptionCell,
  type CorruptionSummary,
  collect,
  ece,
  type Metric,
  memberPrediction,
  nll,
  summarizeCorruptions,
} from '@freetickets/metrics';
import { type CorruptionName, corruptionNames, SparseError } from '@freetickets/sparse-core';
import { type Data, openCorruptions } from '../data.ts';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import { durationText, percent } from '../text.ts';
import type { CellScores, CorruptionFigures, Corruptions } from './document.ts';
import type { Members } from './members.ts';

export interface CorruptionOptions {
  /** Folder of the published files. Absent: the test pictures are corrupted here. */
  readonly folder?: string;
  /** Default: all 19, or those in the folder. */
  readonly corruptions?: readonly CorruptionName[];
  /** Default: 1 to 5. */
  readonly severities?: readonly number[];
  readonly seed: number;
}

type Names = keyof CellScores;

const cellMetrics = (): Metric<Record<Names, number>> =>
  collect({ accuracy: accuracy(), nll: nll(), brier: brier(), ece: ece(), eceFreetickets: ece({ edges: 'freetickets' }) });

/**
 * Which corruptions will be measured, before anything is computed.
 * @throws SparseError when the pictures are of another shape than corruptions are made for, or the folder holds none of them
 */
export async function corruptionsFor(
  { dataset }: Pick<Data, 'dataset'>,
  { folder, corruptions }: Omit<CorruptionOptions, 'seed'>,
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
  members: Members,
  count: number,
  data: Data,
  names: readonly CorruptionName[],
  options: CorruptionOptions,
  talk: Talk,
): Promise<Corruptions> {
  const levels = options.severities ?? severities;
  const total = names.length * levels.length;
  const ensemble: CorruptionCell<Names>[] = [];
  const alone: CorruptionCell<Names>[][] = Array.from({ length: count }, () => []);
  const bar = progressBar({ label: 'corruptions', total: total * data.test.size }, talk);
  const started = performance.now();
  let samples = 0;
  try {
    for await (const { corruption, severity, source } of openCorruptions(data, { ...options, corruptions: names, severities: levels })) {
      const before = ensemble.length * source.size;
      const { prediction, labels } = await members.outputsOf(source, (done) => bar.update(before + done, `${corruption} ${severity}`));
      const metrics = cellMetrics();
      metrics.update(prediction, labels);
      ensemble.push({ corruption, severity, metrics });
      alone.forEach((cells, member) => {
        const own = cellMetrics();
        own.update(memberPrediction(prediction, member), labels);
        cells.push({ corruption, severity, metrics: own });
      });
      samples = source.size;
      if (ensemble.length % levels.length === 0) {
        bar.say(
          `${corruption}: accuracy ${percent(meanAccuracy(ensemble.slice(-levels.length)))}${timeLeft(started, ensemble.length, total)}`,
        );
      }
    }
  } finally {
    bar.stop();
  }
  const sums = (cells: readonly CorruptionCell<Names>[]) => withoutMissing(summarizeCorruptions(cells, cellMetrics));
  return {
    from: options.folder === undefined ? 'generated' : 'files',
    seed: options.folder === undefined ? options.seed : null,
    samples,
    ensemble: sums(ensemble),
    members: alone.map(sums),
    cells: ensemble.map(({ corruption, severity, metrics }) => ({ corruption, severity, ...metrics.value() })),
  };
}

function timeLeft(started: number, done: number, total: number): string {
  const seconds = ((performance.now() - started) / 1000) * (total / done - 1);
  return done === total ? '' : `, about ${durationText(seconds)} left`;
}

const meanAccuracy = (cells: readonly CorruptionCell<Names>[]): number =>
  cells.reduce((sum, { metrics }) => sum + metrics.value().accuracy, 0) / cells.length;

const withoutMissing = ({ all, of15, of19 }: CorruptionSummary<Names>): CorruptionFigures => ({
  all,
  ...(of15 && { of15 }),
  ...(of19 && { of19 }),
});
