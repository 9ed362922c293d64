/** `freetickets evaluate`: what an ensemble is worth on data it has not seen, beside each of its members. */
import { setImmediate as immediate } from 'node:timers/promises';
import { openEnsemble } from '@freetickets/ensemble';
import { accuracy, brier, collect, disagreement, ece, meanPairwiseKl, memberPrediction, nll } from '@freetickets/metrics';
import type { ModelState, Source } from '@freetickets/sparse-core';
import { openDataOfRun } from '../data.ts';
import { computingFor } from '../engines.ts';
import type { Flags } from '../experiment-fields.ts';
import { plansOf, ticketsOf } from '../plans.ts';
import { progressBar } from '../progress.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { percent, table } from '../text.ts';

export interface Scores {
  readonly accuracy: number;
  readonly nll: number;
  readonly ece: number;
  readonly brier: number;
}

export interface Evaluation {
  readonly ensemble: Scores;
  readonly members: readonly Scores[];
  /** null where there is one member only. */
  readonly diversity: { readonly disagreement: number | null; readonly kl: number | null };
  readonly samples: number;
  readonly split: Split;
}

export const SPLITS = ['test', 'valid', 'train'] as const;
export type Split = (typeof SPLITS)[number];

const BATCH = 256;

/** @param flags where the data are now, and how to compute; see CIRCUMSTANCES */
export async function evaluateRun(path: string, split: Split, talk: Talk, flags: Flags = {}): Promise<Evaluation> {
  const { folder, record, experiment } = await RunFolder.open(path, flags);
  const tickets = await folder.tickets();
  const wanted = ticketsOf(plansOf(experiment));
  if (tickets.length < wanted) talk.say(`note: ${path} is not finished; it has ${tickets.length} of its ${wanted} tickets.`);
  const data = await openDataOfRun(experiment, record, talk);
  const members = tickets.map(({ state }) => state);
  const scores = await score(members, data[split], { ...computingFor(experiment, talk.say), batchSize: BATCH }, talk);
  const evaluation = { ...scores, samples: data[split].size, split };
  if (split === 'test') {
    await folder
      .writeJson('results.json', evaluation)
      .catch((error: Error) => talk.say(`note: the results were not kept: ${error.message}`));
  }
  return evaluation;
}

const scores = () => collect({ accuracy: accuracy(), nll: nll(), ece: ece(), brier: brier() });

async function score(
  members: readonly ModelState[],
  source: Source,
  options: Parameters<typeof openEnsemble>[1],
  talk: Talk,
): Promise<Omit<Evaluation, 'samples' | 'split'>> {
  await using ensemble = await openEnsemble(members, options);
  const together = scores();
  const alone = members.map(scores);
  const apart = collect({ disagreement: disagreement(), kl: meanPairwiseKl() });
  const bar = progressBar({ label: 'samples', total: source.size }, talk);
  try {
    let seen = 0;
    for await (const { images, labels, size } of source.batches({ batchSize: BATCH })) {
      const prediction = await ensemble.predict(images, size);
      together.update(prediction, labels);
      apart.update(prediction, labels);
      alone.forEach((metrics, member) => {
        metrics.update(memberPrediction(prediction, member), labels);
      });
      seen += size;
      bar.update(seen);
      await immediate(); // lets the bar be drawn: an engine may compute without ever waiting
    }
  } finally {
    bar.stop();
  }
  const orNull = (value: number) => (Number.isNaN(value) ? null : value);
  const diversity = apart.value();
  return {
    ensemble: together.value(),
    members: alone.map((metrics) => metrics.value()),
    diversity: { disagreement: orNull(diversity.disagreement), kl: orNull(diversity.kl) },
  };
}

const NAMES = ['accuracy', 'nll', 'ece', 'brier'] as const;

/** The mean of each score over the members. */
export function meanScores(members: readonly Scores[]): Scores {
  const mean = (name: keyof Scores) => members.reduce((sum, scores) => sum + scores[name], 0) / members.length;
  return Object.fromEntries(NAMES.map((name) => [name, mean(name)])) as unknown as Scores;
}

const row = (name: string, s: Scores): string[] => [name, percent(s.accuracy), s.nll.toFixed(4), percent(s.ece), s.brier.toFixed(4)];

export function evaluationText({ ensemble, members, diversity, samples, split }: Evaluation): string {
  const rows = [
    row('ensemble', ensemble),
    row('mean member', meanScores(members)),
    ...members.map((scores, index) => row(`member ${index}`, scores)),
  ];
  const apart = diversity.disagreement === null ? '' : `\nmembers disagree on ${percent(diversity.disagreement)} of the samples`;
  return `${samples} samples (${split})\n${table(['', 'accuracy', 'NLL', 'ECE', 'Brier'], rows)}${apart}`;
}
