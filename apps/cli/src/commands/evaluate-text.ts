/** What `freetickets evaluate` prints for people. */
import {
  type Attack,
  type Calibration,
  type CellScores,
  type Conformal,
  type Corruptions,
  type DetectionFigures,
  type Diversity,
  type Evaluation,
  type HeldOut,
  type Interpolation,
  type Measure,
  OOD_SCORES,
  type Ood,
  type OodScore,
  type Scores,
  type Trajectory,
} from '../evaluation/document.ts';
import { percent, table } from '../text.ts';
import { meanScores } from './evaluate.ts';

const COLUMNS: readonly { readonly measure: Measure; readonly label: string; readonly share: boolean }[] = [
  { measure: 'accuracy', label: 'accuracy', share: true },
  { measure: 'top5', label: 'top-5', share: true },
  { measure: 'nll', label: 'NLL', share: false },
  { measure: 'brier', label: 'Brier', share: false },
  { measure: 'ece', label: 'ECE', share: true },
  { measure: 'aurc', label: 'AURC', share: false },
];

const OOD_LABELS: Readonly<Record<OodScore, string>> = {
  maxProbability: '1 - max probability',
  entropy: 'entropy',
  energy: 'energy',
  maxLogit: 'max logit',
  mutualInformation: 'mutual information',
  variationRatio: 'variation ratio',
  nearestNeighbour: 'nearest neighbours',
};

const number = (value: number | null, digits = 4): string => (value === null ? '-' : value.toFixed(digits));
const hundredths = (value: number | null): string => (value === null ? '-' : (100 * value).toFixed(2));
/** 1.00..2.00; nothing where there is no interval. */
const between = (ends: Ends | undefined, text: (end: number | null) => string): string =>
  ends ? `${text(ends.low)}..${text(ends.high)}` : '';
type Ends = { readonly low: number | null; readonly high: number | null };

const share = (value: number | null): string => (value === null ? '-' : percent(value));
const columnsOf = (scores: Scores) => COLUMNS.filter(({ measure }) => scores[measure] !== undefined);

export function evaluationText(evaluation: Evaluation): string {
  const { samples, split, bootstrap, calibration, conformal, corruptions, ood = [], attacks, interpolation, trajectory } = evaluation;
  const about = bootstrap ? `, with ${percent(bootstrap.level, 0)} intervals from ${bootstrap.resamples} bootstrap resamples` : '';
  return [
    `${samples} samples (${split})${about}`,
    scoresText(evaluation),
    ...(evaluation.diversity.disagreement === null ? [] : [diversityText(evaluation.diversity)]),
    ...(calibration ? ['', calibrationText(calibration)] : []),
    ...(conformal ? ['', conformalText(conformal)] : []),
    ...ood.flatMap((set) => ['', oodText(set)]),
    ...(corruptions ? ['', corruptionsText(corruptions)] : []),
    ...(attacks ?? []).flatMap((attack) => ['', attackText(attack)]),
    ...(interpolation ? ['', interpolationText(interpolation)] : []),
    ...(trajectory ? ['', trajectoryText(trajectory)] : []),
  ].join('\n');
}

function scoresText({ ensemble, members }: Evaluation): string {
  const named: readonly (readonly [string, Scores])[] = [
    ['ensemble', ensemble],
    ['mean member', meanScores(members)],
    ...members.map((scores, index) => [`member ${index}`, scores] as const),
  ];
  return scoresTable(named);
}

/** A line of figures for each name and, where there are intervals, a line with those below it. */
function scoresTable(named: readonly (readonly [string, Scores])[]): string {
  const columns = columnsOf(named[0]![1]);
  const rows = named.flatMap(([name, scores]) => {
    const figures = columns.map(({ measure, share: ofAll }) => (ofAll ? share(scores[measure]!) : number(scores[measure]!)));
    const { intervals } = scores;
    if (!intervals) return [[name, ...figures]];
    const ends = columns.map(({ measure, share: ofAll }) => between(intervals[measure], ofAll ? hundredths : number));
    return [
      [name, ...figures],
      ['', ...ends],
    ];
  });
  return table(['', ...columns.map(({ label }) => label)], rows);
}

function diversityText(diversity: Diversity): string {
  const { disagreement, kl, js, qStatistic, kappa, topologyOverlap, weightCosine, exploration, pairs, intervals } = diversity;
  const inBrackets = (ends: Ends | undefined, text: (end: number | null) => string) => (ends ? ` (${between(ends, text)})` : '');
  const plain = `members disagree on ${share(disagreement)}${inBrackets(intervals?.disagreement, hundredths)} of the samples`;
  if (!pairs) return plain;
  const means = [
    `KL ${number(kl)}${inBrackets(intervals?.kl, number)}`,
    `JS ${number(js ?? null)}${inBrackets(intervals?.js, number)}`,
    `Q ${number(qStatistic ?? null)}${inBrackets(intervals?.qStatistic, number)}`,
    `kappa ${number(kappa ?? null)}${inBrackets(intervals?.kappa, number)}`,
    `topology overlap ${number(topologyOverlap ?? null)}`,
    `cosine of weights ${number(weightCosine ?? null)}`,
  ];
  const rows = pairs.disagreement.flatMap((row, i) =>
    row.slice(i + 1).map((_, k) => {
      const j = i + 1 + k;
      const at = (of: readonly (readonly (number | null)[])[]) => number(of[i]?.[j] ?? null); // tables of topologies are smaller where a ticket holds several members
      return [
        `${i} and ${j}`,
        share(pairs.disagreement[i]![j]!),
        at(pairs.kl),
        number(pairs.kl[j]![i]!),
        ...[pairs.js, pairs.qStatistic, pairs.kappa, pairs.topologyOverlap, pairs.weightCosine].map(at),
      ];
    }),
  );
  return [
    plain,
    `means over pairs: ${means.join(', ')}`,
    ...(exploration ? [`explored at the end of training (R_s): ${exploration.map((rate) => percent(rate)).join(', ')}`] : []),
    '',
    table(['members', 'disagreement', 'KL', 'KL back', 'JS', 'Q', 'kappa', 'topology', 'cosine'], rows),
  ].join('\n');
}

const heldOutText = ({ split, fraction, fitted, reported }: HeldOut): string =>
  fraction === null
    ? `fitted on the ${fitted} pictures of ${split}, reported on ${reported} others`
    : `fitted on ${fitted} pictures of ${split}, drawn at random, and reported on the other ${reported}`;

function calibrationText({ heldOut, uncalibrated, membersFirst, poolFirst, members }: Calibration): string {
  const at = (temperatures: readonly number[]) => temperatures.map((t) => t.toFixed(3)).join(' ');
  const rows = scoresTable([
    ['as it is', uncalibrated],
    [`members first (T ${at(membersFirst.temperatures)})`, membersFirst.scores],
    [`pool first (T ${at(poolFirst.temperatures)})`, poolFirst.scores],
    ...members.map((scores, index) => [`member ${index}`, scores] as const),
  ]);
  return `temperature scaling, ${heldOutText(heldOut)}\n${rows}`;
}

function conformalText(conformal: Conformal): string {
  const rows = (['thr', 'aps', 'raps'] as const).flatMap((method) => {
    const { coverage, meanSize, emptyShare, threshold, intervals } = conformal[method];
    const figures = [method.toUpperCase(), share(coverage), meanSize.toFixed(3), share(emptyShare), number(threshold)];
    if (!intervals) return [figures];
    const ends = [between(intervals.coverage, hundredths), between(intervals.meanSize, number), between(intervals.emptyShare, hundredths)];
    return [figures, ['', ...ends, '']];
  });
  const header = ['', 'coverage', 'mean size', 'empty', 'threshold'];
  return `conformal sets for ${percent(conformal.level, 1)} coverage, ${heldOutText(conformal.heldOut)}\n${table(header, rows)}`;
}

function oodText({ name, samples, ensemble, members }: Ood): string {
  const scores = OOD_SCORES.filter((score) => ensemble[score]);
  const measures = ['auroc', 'auprOut', 'auprIn', 'fpr95Out', 'fpr95In'] as const;
  const row = (label: string, figures: DetectionFigures) => {
    const { intervals } = figures;
    const own = [label, ...measures.map((measure) => share(figures[measure]))];
    return intervals ? [own, ['', ...measures.map((measure) => between(intervals[measure], hundredths))]] : [own];
  };
  const rows = [
    ...scores.flatMap((score) => row(OOD_LABELS[score], ensemble[score]!)),
    ...members.flatMap((detection, index) => row(`member ${index}, 1 - max probability`, detection)),
  ];
  const header = ['', 'AUROC', 'AUPR out', 'AUPR in', 'FPR95 out', 'FPR95 in'];
  return `${name}: ${samples} pictures that are out of distribution\n${table(header, rows)}`;
}

function corruptionsText({ from, samples, ensemble, members, cells }: Corruptions): string {
  const names = [...new Set(cells.map(({ corruption }) => corruption))];
  const levels = [...new Set(cells.map(({ severity }) => severity))].sort();
  const block = (label: string, figure: (scores: CellScores) => string) =>
    table(
      [label, ...levels.map((severity) => `severity ${severity}`)],
      names.map((name) => [
        name,
        ...levels.map((level) => figure(cells.find(({ corruption, severity }) => corruption === name && severity === level)!)),
      ]),
    );
  const figures = ({ accuracy, nll, ece, eceFreetickets }: CellScores) => [share(accuracy), number(nll), share(ece), share(eceFreetickets)];
  const endsOf = ({ intervals }: CellScores) => {
    if (!intervals) return [];
    const { accuracy, nll, ece, eceFreetickets } = intervals;
    return [['', between(accuracy, hundredths), between(nll, number), between(ece, hundredths), between(eceFreetickets, hundredths)]];
  };
  const sums = [['ensemble', ensemble] as const, ...members.map((own, index) => [`member ${index}`, own] as const)].flatMap(
    ([who, summary]) =>
      (['of15', 'of19', 'all'] as const).flatMap((list) => {
        const found = summary[list];
        if (!found || (list === 'all' && found.cells === summary.of19?.cells)) return [];
        const label = `${who}, ${list === 'all' ? `${found.cells} cells` : `${list.slice(2)} corruptions`}`;
        return [
          [`${label}, pooled`, ...figures(found.pooled)],
          ...endsOf(found.pooled),
          [`${label}, mean of cells`, ...figures(found.cellMean)],
          ...endsOf(found.cellMean),
        ];
      }),
  );
  return [
    `corrupted test pictures (${from === 'files' ? 'published files' : 'generated'}), ${samples} in a cell`,
    block('accuracy', ({ accuracy }) => share(accuracy)),
    '',
    block('NLL', ({ nll }) => number(nll)),
    '',
    block('ECE', ({ ece }) => share(ece)),
    '',
    table(['', 'cAcc', 'cNLL', 'cECE', 'cECE 14 bins'], sums),
  ].join('\n');
}

function attackText({ kind, epsilon, steps, samples, ofEnsemble, ofMembers }: Attack): string {
  const targets = [['ensemble', ofEnsemble] as const, ...ofMembers.map((own, m) => [`member ${m}`, own] as const)];
  const rows = targets.flatMap(([target, { ensemble, members }]) =>
    [['ensemble', ensemble] as const, ...members.map((own, m) => [`member ${m}`, own] as const)].map(
      ([who, scores]) => [`${who}, attack on ${target}`, scores] as const,
    ),
  );
  const taken = steps === 1 ? '' : `, ${steps} steps`;
  return `${kind}, pixels changed by up to ${(255 * epsilon).toFixed(1)} of 255${taken}, ${samples} pictures\n${scoresTable(rows)}`;
}

function interpolationText({ trainSamples, paths }: Interpolation): string {
  const rows = paths.flatMap(({ members: [from, to], barrier, points }) => {
    const { intervals } = barrier;
    const middle = points[(points.length - 1) / 2]!;
    const figures = [number(barrier.trainLoss), number(barrier.loss), share(barrier.error), number(middle.trainLoss), share(middle.error)];
    const ends = intervals && [between(intervals.trainLoss, number), between(intervals.loss, number), between(intervals.error, hundredths)];
    return [[`${from} and ${to}`, ...figures], ...(ends ? [['', ...ends, '', '']] : [])];
  });
  const header = ['members', 'barrier, train loss', 'loss', 'error', 'halfway, train loss', 'error'];
  return `straight lines between members, batch norm estimated anew on ${trainSamples} training pictures\n${table(header, rows)}`;
}

const trajectoryText = ({ points, pictures, perplexity }: Trajectory): string =>
  `t-SNE of ${points.length} epochs by their predictions of ${pictures} pictures, perplexity ${perplexity.toFixed(0)}: places are in --json and --csv`;

/** One line a run: its ensemble, and what was measured of it besides. */
export function runsText(runs: readonly (Evaluation & { readonly run: string })[]): string {
  const columns = COLUMNS.filter(({ measure }) => runs.every(({ ensemble }) => ensemble[measure] !== undefined));
  const sets = [...new Set(runs.flatMap(({ ood = [] }) => ood.map(({ name }) => name)))];
  const hasCells = runs.some(({ corruptions }) => corruptions);
  const rows = runs.flatMap(({ run, ensemble, diversity, corruptions, ood = [] }) => {
    const scores = columns.map(({ measure, share: ofAll }) => (ofAll ? share(ensemble[measure]!) : number(ensemble[measure]!)));
    const cells = corruptions?.ensemble.all.cellMean;
    const corrupted = hasCells ? [share(cells?.accuracy ?? null), number(cells?.nll ?? null), share(cells?.ece ?? null)] : [];
    const outside = sets.map((name) => share(ood.find((set) => set.name === name)?.ensemble.maxProbability?.auroc ?? null));
    return [[run, ...scores, share(diversity.disagreement), number(diversity.kl), ...corrupted, ...outside]];
  });
  const header = [
    'ensemble',
    ...columns.map(({ label }) => label),
    'disagree',
    'KL',
    ...(hasCells ? ['cAcc', 'cNLL', 'cECE'] : []),
    ...sets.map((name) => `AUROC ${name}`),
  ];
  return table(header, rows);
}
