/**
 * `pnpm bench edst`: a whole EDST run on real pictures against as many epochs of dense PyTorch with data loading, and what the runs of the
 * paper would take at the speed that was measured: several networks in the time of one.
 */
import { edst as edstPlan, planCost } from '@freetickets/dst-trainer';
import { modelByName, network } from '@freetickets/sparse-core';
import { contest, type Entrant, type Measurement } from '../contest.ts';
import { torch } from '../peers.ts';
import { type PictureFiles, pictureFiles } from '../pictures.ts';
import { type SparseRun, type SparseRunOptions, sparseRun } from '../sparse-run.ts';
import { fastestPeer } from '../statistics.ts';
import { type Context, failures, type Outcome, type Settings, type Suite } from '../suite.ts';
import type { PeerNetworkTask } from '../tasks.ts';

const NETWORK = 'wrn-16-2';
/** Of CIFAR-10, as the paper trains. */
const PICTURES = 50_000;
const DENSE_EPOCHS = 250;
/** The paper's CIFAR settings, arXiv:2106.14568. */
const PAPER = { exploreEpochs: 150, refineEpochs: 100 };
const PART = ['epoch'];

interface Projection {
  readonly name: string;
  readonly tickets: number;
  readonly sparsity: number;
  readonly sparseSeconds: number;
  readonly denseSeconds: number;
  /** Seconds over seconds. */
  readonly ratio: number;
  /** Counted FLOPs over those of one dense network: of the network that was timed, and of the paper's WRN-28-10. */
  readonly flopsRatio: number;
  readonly paperFlopsRatio: number;
}

export const edst: Suite = {
  name: 'edst',
  about: 'a whole EDST run on real CIFAR-10 against dense PyTorch with data loading; projections to the runs of the paper',
  async run(context) {
    const { settings, say } = context;
    const { quick, limitPerClass = quick ? 100 : undefined } = settings;
    const size = limitPerClass === undefined ? {} : { limitPerClass };
    const epochs = quick ? { exploreEpochs: 1, refineEpochs: 1 } : { exploreEpochs: 2, refineEpochs: 1 };
    try {
      const files = await pictureFiles(settings.data, size.limitPerClass);
      const run = (options: Pick<SparseRunOptions, 'sparsity' | 'tickets'>) => {
        say(`edst: ${options.tickets} tickets at S=${options.sparsity}, ${files.count} pictures`);
        return sparseRun({ network: NETWORK, ...size, ...epochs, ...options }, settings);
      };
      const whole = run({ sparsity: 0.8, tickets: 3 });
      const sparser = run({ sparsity: 0.9, tickets: 1 });
      say('edst: dense PyTorch');
      const dense = await denseEpochs(files, epochs.exploreEpochs + 3 * epochs.refineEpochs, context);
      return outcomeOf({ files, epochs, whole, sparser, dense }, settings);
    } catch (error) {
      return { cases: [], table: { header: ['run'], rows: [] }, notes: [`Nothing was timed: ${(error as Error).message}`] };
    }
  },
};

interface Timed {
  readonly files: PictureFiles;
  readonly epochs: { readonly exploreEpochs: number; readonly refineEpochs: number };
  readonly whole: SparseRun;
  readonly sparser: SparseRun;
  readonly dense: { readonly measurements: readonly Measurement[]; readonly seconds: number | undefined; readonly epochs: number };
}

/** One epoch with each loader, then all of them with the faster one. */
async function denseEpochs(files: PictureFiles, epochs: number, { settings, sides }: Context): Promise<Timed['dense']> {
  const entrants = (['memory', 'workers'] as const).map((loader) => entrantOf(loader, files, settings));
  const measurements = await contest(entrants, sides, { rounds: 1, leastMs: 0 });
  const fastest = fastestPeer(measurements, PART);
  const chosen = entrants.filter(({ name }) => name === fastest?.name);
  const [all] = await contest(chosen, sides, { rounds: epochs, leastMs: 0 });
  const epoch = all?.times.epoch?.median;
  return { measurements: all ? [...measurements, all] : measurements, epochs, seconds: epoch && (epoch * epochs) / 1000 };
}

function entrantOf(loader: 'memory' | 'workers', { pictures, labels }: PictureFiles, { threads, seed }: Settings): Entrant {
  const task = {
    kind: 'epoch',
    threads,
    seed,
    batchSize: 128,
    spec: modelByName(NETWORK),
    pictures,
    labels,
    loader,
  } satisfies PeerNetworkTask;
  return { name: loader === 'memory' ? 'PyTorch, pictures in memory' : 'PyTorch, DataLoader with 2 workers', side: torch(threads), task };
}

function outcomeOf({ files, epochs, whole, sparser, dense }: Timed, { quick }: Settings): Outcome {
  const seconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(1));
  // Epochs of a few steps are start-up and checkpoints: nothing follows from them.
  const projections =
    dense.seconds === undefined || quick
      ? []
      : [
          projection({ tickets: 3, sparsity: 0.8 }, whole, dense.seconds / dense.epochs, files.count),
          projection({ tickets: 7, sparsity: 0.9 }, sparser, dense.seconds / dense.epochs, files.count),
        ];
  const measured = {
    name: `${NETWORK}, EDST, 3 tickets, S=0.8: ${dense.epochs} epochs of ${files.count} pictures`,
    sparse: whole,
    sparser,
    epochs,
    measurements: dense.measurements,
    denseSeconds: dense.seconds,
    ratio: dense.seconds && whole.seconds / dense.seconds,
  };
  const ratio = (value: number | undefined) => value?.toFixed(2) ?? '-';
  const rows = [
    [measured.name, seconds(whole.seconds), seconds(dense.seconds), ratio(measured.ratio), '-', '-'],
    ...projections.map((p) => [
      p.name,
      ...[p.sparseSeconds.toFixed(0), p.denseSeconds.toFixed(0), ratio(p.ratio), ratio(p.flopsRatio), ratio(p.paperFlopsRatio)],
    ]),
  ];
  const header = ['run', 'ours, s', 'dense PyTorch, s', 'ratio', 'counted FLOPs', 'counted FLOPs, WRN-28-10'];
  const loader = dense.measurements.at(-1)?.name ?? '-';
  const notes = [
    'Ours includes validation, rewirings and checkpoints; PyTorch only loads and trains.',
    `The faster loader, used above: ${loader}.`,
    quick
      ? 'Too short to project from.'
      : `Projected rows: measured seconds an epoch, scaled to ${PICTURES} pictures, against ${DENSE_EPOCHS} dense epochs.`,
    ...failures([measured]),
  ];
  return { cases: [measured, ...projections], table: { header, rows }, notes };
}

/** Of the paper's run, from the seconds of an epoch of `count` pictures. */
export function projection(
  { tickets, sparsity }: { readonly tickets: number; readonly sparsity: number },
  { exploreSeconds, refineSeconds }: Pick<SparseRun, 'exploreSeconds' | 'refineSeconds'>,
  denseEpochSeconds: number,
  count: number,
): Projection {
  const { exploreEpochs, refineEpochs } = PAPER;
  const plan = edstPlan({ tickets, sparsity, exploreEpochs, refineEpochs });
  const flopsRatio = (name: string) => planCost(network(modelByName(name)), plan, PICTURES).trainingVersusDense;
  const scale = PICTURES / count;
  const sparseSeconds = scale * (exploreEpochs * exploreSeconds + tickets * refineEpochs * refineSeconds);
  const denseSeconds = scale * DENSE_EPOCHS * denseEpochSeconds;
  return {
    name: `projected: ${exploreEpochs + tickets * refineEpochs} epochs, ${tickets} tickets, S=${sparsity}`,
    tickets,
    sparsity,
    sparseSeconds,
    denseSeconds,
    ratio: sparseSeconds / denseSeconds,
    flopsRatio: flopsRatio(NETWORK),
    paperFlopsRatio: flopsRatio('wrn-28-10'),
  };
}
