/** What `freetickets evaluate --csv` prints: one figure a line, so that any number of runs and measures makes one table to filter and pivot. */
import { type CorruptionFigures, type DetectionFigures, type Evaluation, MEASURES, type Scores } from '../evaluation/document.ts';

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
    rowsOf(evaluation).map((row) => HEADER.map((_, column) => cell([run, ...row][column])).join(',')),
  );
  return [HEADER.join(','), ...lines].join('\n');
}

/** Quoted where the value itself holds a comma, a quote or a line's end (RFC 4180). */
function cell(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const member = (index: number): string => `member ${index}`;

function rowsOf({ split, ensemble, members, diversity, calibration, conformal, corruptions, ood = [] }: Evaluation): Row[] {
  const rows: Row[] = [...scoreRows(split, 'ensemble', ensemble), ...members.flatMap((own, m) => scoreRows(split, member(m), own))];
  for (const [measure, value] of Object.entries(diversity))
    if (value === null || typeof value === 'number') rows.push([split, 'ensemble', measure, value]);
  diversity.exploration?.forEach((rate, training) => {
    rows.push([split, `training ${training}`, 'exploration', rate]);
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
  for (const method of ['thr', 'aps', 'raps'] as const)
    for (const [measure, value] of Object.entries(conformal?.[method] ?? {}))
      rows.push([`conformal.${method}.${conformal!.level}`, 'ensemble', measure, value]);
  for (const { name, ensemble: found, members: alone } of ood) {
    for (const [score, detection] of Object.entries(found)) rows.push(...detectionRows(`ood.${name}.${score}`, 'ensemble', detection));
    alone.forEach((detection, m) => {
      rows.push(...detectionRows(`ood.${name}.maxProbability`, member(m), detection));
    });
  }
  if (corruptions) {
    for (const { corruption, severity, ...figures } of corruptions.cells)
      rows.push(...figureRows(`${corruption}.${severity}`, 'ensemble', figures));
    rows.push(...summaryRows('ensemble', corruptions.ensemble), ...corruptions.members.flatMap((own, m) => summaryRows(member(m), own)));
  }
  return rows;
}

const scoreRows = (part: string, who: string, scores: Scores): Row[] =>
  MEASURES.filter((measure) => scores[measure] !== undefined).map((measure) => {
    const { low, high } = scores.intervals?.[measure] ?? {};
    return [part, who, measure, scores[measure], low, high];
  });

const figureRows = (part: string, who: string, figures: Readonly<Record<string, number>>): Row[] =>
  Object.entries(figures).map(([measure, value]) => [part, who, measure, value]);

const detectionRows = (part: string, who: string, { interval, ...figures }: DetectionFigures): Row[] =>
  Object.entries(figures).map(([measure, value]) =>
    measure === 'auroc' ? [part, who, measure, value, interval?.low, interval?.high] : [part, who, measure, value],
  );

const summaryRows = (who: string, { all, of15, of19 }: CorruptionFigures): Row[] =>
  Object.entries({ all, ...(of15 && { 15: of15 }), ...(of19 && { 19: of19 }) }).flatMap(([list, { pooled, cellMean }]) => [
    ...figureRows(`pooled.${list}`, who, pooled),
    ...figureRows(`cell-mean.${list}`, who, cellMean),
  ]);
