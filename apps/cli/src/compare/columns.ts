/** The figures that runs are compared by: where each comes from, which way is better, how it is printed. */
import type { PlanCost } from '@freetickets/dst-trainer';
import { nearest, SparseError } from '@freetickets/sparse-core';
import type { Evaluation } from '../evaluation/document.ts';
import { flopsText } from '../text.ts';

/** A figure of one run. The ends are those of a bootstrap over pictures, where `evaluate` has made them. */
export interface Figure {
  readonly value: number;
  readonly low?: number | null | undefined;
  readonly high?: number | null | undefined;
}

/** What is known of a run. */
export interface Sources {
  /** Of the test part; undefined: not evaluated. */
  readonly evaluation?: Evaluation | undefined;
  readonly cost: PlanCost;
  /** Of training. */
  readonly seconds: number;
  /** Trained and live ones, over all tickets; undefined while there is no ticket. */
  readonly parameters?: number | undefined;
  /** R_s at the end of training, the mean over the run's trainings; undefined where no weights were rewired. */
  readonly exploration?: number | undefined;
}

export interface Column {
  readonly id: string;
  readonly label: string;
  readonly better: 'higher' | 'lower';
  /** Without: the same for all seeds, so that neither spread nor tests say anything. */
  readonly varies: boolean;
  /** What makes the figure where it is missing, as options of `evaluate`. */
  readonly option?: string;
  readonly text: (value: number) => string;
  readonly from: (sources: Sources) => Figure | undefined;
}

const hundredths = (value: number) => (100 * value).toFixed(2);
const digits = (count: number) => (value: number) => value.toFixed(count);

const measured = (
  id: string,
  label: string,
  better: Column['better'],
  text: Column['text'],
  of: (e: Evaluation) => Figure | null | undefined,
) => ({ id, label, better, varies: true, text, from: ({ evaluation }) => (evaluation && of(evaluation)) || undefined }) satisfies Column;

const counted = (id: string, label: string, text: Column['text'], of: (sources: Sources) => number | undefined): Column => ({
  id,
  label,
  better: 'lower',
  varies: false,
  text,
  from(sources) {
    const value = of(sources);
    return value === undefined ? undefined : { value };
  },
});

const ofEnsemble = (measure: 'accuracy' | 'nll' | 'ece') => (evaluation: Evaluation) => {
  const { low, high } = evaluation.ensemble.intervals?.[measure] ?? {};
  return { value: evaluation.ensemble[measure], low, high };
};

const corrupted = (
  id: string,
  label: string,
  better: Column['better'],
  text: Column['text'],
  measure: 'accuracy' | 'nll' | 'ece',
): Column => ({
  ...measured(id, label, better, text, ({ corruptions }) => {
    const figures = corruptions?.ensemble.all.cellMean;
    return figures && { value: figures[measure], ...figures.intervals?.[measure] };
  }),
  option: '--corruptions',
});

/** Over the pairs of members; nothing of a single one. */
const betweenMembers = (measure: 'disagreement' | 'kl') => (evaluation: Evaluation) => {
  const value = evaluation.diversity[measure];
  return value === null ? undefined : { value, ...evaluation.diversity.intervals?.[measure] };
};

/** @param name of the other pictures; undefined where no run has been measured on any */
const auroc = (name?: string): Column => ({
  ...measured(
    name === undefined ? 'auroc' : `auroc.${name}`,
    name === undefined ? 'AUROC %' : `AUROC ${name} %`,
    'higher',
    hundredths,
    ({ ood }) => {
      const found = ood?.find((set) => set.name === name)?.ensemble.maxProbability;
      return found && { value: found.auroc, ...found.intervals?.auroc };
    },
  ),
  option: `--ood ${name ?? 'SET'}`,
});

const OF_TEST: readonly Column[] = [
  measured('accuracy', 'accuracy %', 'higher', hundredths, ofEnsemble('accuracy')),
  measured('nll', 'NLL', 'lower', digits(4), ofEnsemble('nll')),
  measured('ece', 'ECE %', 'lower', hundredths, ofEnsemble('ece')),
  corrupted('cAcc', 'cAcc %', 'higher', hundredths, 'accuracy'),
  corrupted('cNLL', 'cNLL', 'lower', digits(4), 'nll'),
  corrupted('cECE', 'cECE %', 'lower', hundredths, 'ece'),
];

const OF_MEMBERS: readonly Column[] = [
  measured('disagreement', 'disagree %', 'higher', hundredths, betweenMembers('disagreement')),
  measured('kl', 'KL', 'higher', digits(4), betweenMembers('kl')),
];

const OF_TRAINING: readonly Column[] = [
  counted('trainingFlops', 'training', flopsText, ({ cost }) => cost.trainingFlops),
  counted('trainingRelative', 'training/dense', digits(3), ({ cost }) => cost.trainingVersusDense),
  counted('inferenceFlops', 'inference', flopsText, ({ cost }) => cost.inferenceFlops),
  counted('inferenceRelative', 'inference/dense', digits(3), ({ cost }) => cost.inferenceVersusDense),
  { ...counted('seconds', 'seconds', digits(1), ({ seconds }) => seconds), varies: true },
  counted('parameters', 'parameters', digits(0), ({ parameters }) => parameters),
  { ...counted('exploration', 'R_s %', hundredths, ({ exploration }) => exploration), better: 'higher', varies: true },
];

/** All columns for some runs: one AUROC for each set that one of them was measured on. */
export function columnsFor(runs: readonly Sources[]): Column[] {
  const sets = [...new Set(runs.flatMap(({ evaluation }) => evaluation?.ood?.map(({ name }) => name) ?? []))];
  return [...OF_TEST, ...(sets.length > 0 ? sets.map(auroc) : [auroc()]), ...OF_MEMBERS, ...OF_TRAINING];
}

/** Those that were asked for, in the order asked for. `auroc` is that of every set. @throws SparseError INVALID_CONFIG */
export function chosenColumns(columns: readonly Column[], ids: readonly string[] | undefined): Column[] {
  if (ids === undefined) return [...columns];
  return ids.flatMap((id) => {
    const found = columns.filter((column) => column.id === id || (id === 'auroc' && column.id.startsWith('auroc.')));
    if (found.length > 0) return found;
    const names = columns.map((column) => column.id);
    const near = nearest(id, names);
    throw new SparseError('INVALID_CONFIG', '--metric', `figures among ${names.join(', ')}`, id, near && `Did you mean ${near}?`);
  });
}
