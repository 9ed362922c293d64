/** `freetickets evaluate`: what an ensemble is worth on data it has not seen, beside each of its members. */
import { openEnsemble } from '@freetickets/ensemble';
import { accuracy, brier, collect, disagreement, ece, meanPairwiseKl, memberPrediction, nll } from '@freetickets/metrics';
import type { ModelState, Source } from '@freetickets/sparse-core';
import { openData } from '../data.ts';
import { engineByName } from '../engines.ts';
import { RunFolder } from '../run-folder.ts';
import { percent, type Talk, table } from '../talk.ts';

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

export async function evaluateRun(path: string, split: Split, talk: Talk): Promise<Evaluation> {
  const { folder, record } = await RunFolder.open(path);
  const tickets = await folder.tickets();
  const data = await openData(record.experiment, talk.say);
  const engine = engineByName(record.experiment.engine, talk.say);
  const options = { engine, batchSize: BATCH, ...(record.experiment.threads !== undefined && { threads: record.experiment.threads }) };
  const scores = await score(tickets.map(({ state }) => state), data[split], options);
  const evaluation = { ...scores, samples: data[split].size, split };
  if (split === 'test') await folder.writeJson('results.json', evaluation);
  return evaluation;
}

const scores = () => collect({ accuracy: accuracy(), nll: nll(), ece: ece(), brier: brier() });

async function score(members: readonly ModelState[], source: Source, options: Parameters<typeof openEnsemble>[1]): Promise<Omit<Evaluation, 'samples' | 'split'>> {
  await using ensemble = await openEnsemble(members, options);
  const together = scores();
  const alone = members.map(scores);
  const apart = collect({ disagreement: disagreement(), kl: meanPairwiseKl() });
  for await (const { images, labels, size } of source.batches({ batchSize: BATCH })) {
    const prediction = await ensemble.predict(images, size);
    together.update(prediction, labels);
    apart.update(prediction, labels);
    alone.forEach((metrics, member) => {
      metrics.update(memberPrediction(prediction, member), labels);
    });
  }
  const orNull = (value: number) => (Number.isNaN(value) ? null : value);
  const diversity = apart.value();
  return {
    ensemble: together.value(),
    members: alone.map((metrics) => metrics.value()),
    diversity: { disagreement: orNull(diversity.disagreement), kl: orNull(diversity.kl) },
  };
}

export const meanOf = (members: readonly Scores[], name: keyof Scores): number => members.reduce((sum, scores) => sum + scores[name], 0) / members.length;

export const scoreRow = (name: string, s: Scores): string[] => [name, percent(s.accuracy), s.nll.toFixed(4), percent(s.ece), s.brier.toFixed(4)];

export function evaluationText(evaluation: Evaluation): string {
  const { ensemble, members, diversity, samples, split } = evaluation;
  const mean = Object.fromEntries((['accuracy', 'nll', 'ece', 'brier'] as const).map((name) => [name, meanOf(members, name)])) as unknown as Scores;
  const rows = [scoreRow('ensemble', ensemble), scoreRow('mean member', mean), ...members.map((scores, index) => scoreRow(`member ${index}`, scores))];
  const apart = diversity.disagreement === null ? '' : `\nmembers disagree on ${percent(diversity.disagreement)} of the samples`;
  return `${samples} samples (${split})\n${table(['', 'accuracy', 'NLL', 'ECE', 'Brier'], rows)}${apart}`;
}
