/** What `freetickets evaluate --csv` prints: one figure a line, so that any number of runs and measures makes one table to filter and pivot. */
import { csv } from '../compare/formats.ts';
import { type Attack, type CorruptionFigures, type Evaluation, MEASURES, type Scores } from '../evaluation/document.ts';
import type { WithIntervals } from '../evaluation/intervals.ts';

const HEADER = ['run', 'part', 'who', 'measure', 'value', 'low', 'high'] as const;

type Row = readonly [
  part: string,
  who: string,
  measure: string,
  value: number | null | undefined,
  low?: number | null | undefined,
  high?: number | null | undefined,
];

/** `part` says of what data or in which way: test, calibrated.pool-first, fog.3, pooled.19, ood.svhn.energy, ... */
export function evaluationCsv(runs: readonly (Evaluation & { readonly run: string })[]): string {
  const lines = runs.flatMap(({ run, ...evaluation }) =>
    rowsOf(evaluation).map((row) => HEADER.map((_, column) => csv([run, ...row][column])).join(',')),
  );
  return [HEADER.join(','), ...lines].join('\n');
}

const member = (index: number): string => `member ${index}`;

function rowsOf(evaluation: Evaluation): Row[] {
  const { split, ensemble, members, diversity, calibration, conformal, corruptions, ood = [] } = evaluation;
  const rows: Row[] = [...scoreRows(split, 'ensemble', ensemble), ...members.flatMap((own, m) => scoreRows(split, member(m), own))];
  rows.push(...figureRows(split, 'ensemble', diversity));
  diversity.exploration?.forEach((rate, training) => {
    rows.push([split, `training ${training}`, 'exploration', rate]);
  });
  diversity.explorationOverTime?.forEach((rates, training) => {
    rows.push(...rates.map(({ step, rate }): Row => [`step.${step}`, `training ${training}`, 'exploration', rate]));
  });
  if (calibration) {
    const { uncalibrated, membersFirst, poolFirst } = calibration;
    rows.push(
      ...scoreRows('uncalibrated', 'ensemble', uncalibrated),
      ...scoreRows('calibrated.members-first', 'ensemble', membersFirst.scores),
      ...scoreRows('calibrated.pool-first', 'ensemble', poolFirst.scores),
      ...calibration.members.flatMap((own, m) => scoreRows('calibrated', member(m), own)),
    );
  }
  if (conformal)
    for (const method of ['thr', 'aps', 'raps'] as const)
      rows.push(...figureRows(`conformal.${method}.${conformal.level}`, 'ensemble', conformal[method]));
  for (const { name, ensemble: found, members: alone } of ood) {
    for (const [score, detection] of Object.entries(found)) rows.push(...figureRows(`ood.${name}.${score}`, 'ensemble', detection));
    alone.forEach((detection, m) => {
      rows.push(...figureRows(`ood.${name}.maxProbability`, member(m), detection));
    });
  }
  if (corruptions) {
    for (const { corruption, severity, ...figures } of corruptions.cells)
      rows.push(...figureRows(`${corruption}.${severity}`, 'ensemble', figures));
    rows.push(...summaryRows('ensemble', corruptions.ensemble), ...corruptions.members.flatMap((own, m) => summaryRows(member(m), own)));
  }
  return [...rows, ...(evaluation.attacks ?? []).flatMap(attackRows), ...pathRows(evaluation), ...placeRows(evaluation)];
}

/** `attack.pgd.ensemble`: of pictures changed against the ensemble; `attack.pgd.member 0`: against one member. */
const attackRows = ({ kind, ofEnsemble, ofMembers }: Attack): Row[] =>
  [['ensemble', ofEnsemble] as const, ...ofMembers.map((own, m) => [member(m), own] as const)].flatMap(
    ([target, { ensemble, members }]) => [
      ...scoreRows(`attack.${kind}.${target}`, 'ensemble', ensemble),
      ...members.flatMap((own, m) => scoreRows(`attack.${kind}.${target}`, member(m), own)),
    ],
  );

const pathRows = ({ interpolation }: Evaluation): Row[] =>
  (interpolation?.paths ?? []).flatMap(({ members: [from, to], barrier, points }) => [
    ...figureRows('barrier', `member ${from} to ${to}`, barrier),
    ...points.flatMap(({ share, ...figures }) => figureRows(`path.${share}`, `member ${from} to ${to}`, figures)),
  ]);

const placeRows = ({ trajectory }: Evaluation): Row[] =>
  (trajectory?.points ?? []).flatMap(({ member: m, epoch, x, y }): Row[] => [
    [`epoch.${epoch}`, `training ${m}`, 'tsneX', x],
    [`epoch.${epoch}`, `training ${m}`, 'tsneY', y],
  ]);

const scoreRows = (part: string, who: string, scores: Scores): Row[] =>
  MEASURES.filter((measure) => scores[measure] !== undefined).map((measure) => {
    const { low, high } = scores.intervals?.[measure] ?? {};
    return [part, who, measure, scores[measure], low, high];
  });

/** Of all figures in `of`, with their intervals. */
function figureRows(
  part: string,
  who: string,
  of: object & { readonly intervals?: WithIntervals<string>['intervals'] | undefined },
): Row[] {
  const figures = Object.entries<unknown>({ ...of }).filter(
    (entry): entry is [string, number | null] => entry[1] === null || typeof entry[1] === 'number',
  );
  return figures.map(([measure, value]) => {
    const { low, high } = of.intervals?.[measure] ?? {};
    return [part, who, measure, value, low, high];
  });
}

const summaryRows = (who: string, { all, of15, of19 }: CorruptionFigures): Row[] =>
  Object.entries({ all, ...(of15 && { 15: of15 }), ...(of19 && { 19: of19 }) }).flatMap(([list, { pooled, cellMean }]) => [
    ...figureRows(`pooled.${list}`, who, pooled),
    ...figureRows(`cell-mean.${list}`, who, cellMean),
  ]);
