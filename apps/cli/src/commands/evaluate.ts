/**
 * `freetickets evaluate`: what an ensemble is worth on data it has not seen, beside each of its members. Each kind of measurement is a file
 * in `../evaluation`; here they are made in order, after everything that can be refused has been looked at.
 */
import { resolve } from 'node:path';
import type { MemorySource } from '@freetickets/datasets';
import { memberPrediction } from '@freetickets/metrics';
import { SparseError } from '@freetickets/sparse-core';
import { type Data, openDataOfRun, openOod } from '../data.ts';
import { computingFor } from '../engines.ts';
import { calibrationOf } from '../evaluation/calibration.ts';
import { conformalOf } from '../evaluation/conformal.ts';
import { corruptionScores, corruptionsFor } from '../evaluation/corruption.ts';
import { explorationIn, fullDiversity, plainDiversity } from '../evaluation/diversity.ts';
import { type Evaluation, LEVEL, MEASURES, type Scores, type Split } from '../evaluation/document.ts';
import { type FitAndReport, fitOn, holdOut } from '../evaluation/held-out.ts';
import { keepResults, ticketHashes } from '../evaluation/keep.ts';
import { type Members, type Outputs, openMembers } from '../evaluation/members.ts';
import { oodOf } from '../evaluation/ood.ts';
import { checkOptions, type EvaluateOptions } from '../evaluation/options.ts';
import { type Bootstrap, scoresOf } from '../evaluation/scores.ts';
import type { Flags } from '../experiment-fields.ts';
import { plansOf, ticketsOf } from '../plans.ts';
import { progressBar } from '../progress.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';

export type { Evaluation, Scores, Split };

const SEED = 17;

/**
 * Results on the test part are kept beside the run, over those of earlier calls.
 *
 * @param flags where the data are now, and how to compute; see CIRCUMSTANCES
 * @throws SparseError INVALID_CONFIG or INVALID_ARGUMENT for a wish that makes no sense, and whatever reading the run, its data and other sets throws
 */
export async function evaluateRun(
  path: string,
  split: Split,
  talk: Talk,
  flags: Flags = {},
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptions(split, options);
  const { folder, record, experiment } = await RunFolder.open(path, flags);
  const tickets = await folder.tickets();
  const wanted = ticketsOf(plansOf(experiment));
  if (tickets.length < wanted) talk.say(`note: ${path} is not finished; it has ${tickets.length} of its ${wanted} tickets.`);
  const data = await openDataOfRun(experiment, record, talk);
  const names = options.corruptions && (await corruptionsFor(data, options.corruptions));
  const others = await outsideSets(options.ood ?? [], data, experiment.data, talk);
  const states = tickets.map(({ state }) => state);
  await using members = await openMembers(states, computingFor(experiment, talk.say));

  const bootstrap = { resamples: options.bootstrap ?? 0, seed: options.seed ?? SEED };
  const outputs = await told(members, data[split], split, talk);
  const scores = await allScores(outputs, bootstrap);
  const fitting = options.calibrate || options.conformal !== undefined;
  const parts = fitting ? await partsFor(options, members, outputs, data, split, talk) : undefined;
  const exploration = options.diversity ? await explorationIn(folder.logPath) : [];
  const evaluation: Evaluation = {
    format: 'freetickets.evaluation',
    version: 1,
    tickets: await ticketHashes(folder, tickets.length),
    data: data.hash,
    split,
    samples: data[split].size,
    ...scores,
    diversity: options.diversity ? fullDiversity(outputs, states, exploration) : plainDiversity(outputs),
    ...(bootstrap.resamples > 0 && { bootstrap: { ...bootstrap, level: LEVEL } }),
    ...(parts && options.calibrate && { calibration: await calibrationOf(parts, bootstrap) }),
    ...(parts && options.conformal !== undefined && { conformal: conformalOf(parts, options.conformal, bootstrap.seed) }),
    ...(others.length > 0 && { ood: await outsideScores(others, members, outputs, bootstrap, talk) }),
    ...(names && {
      corruptions: await corruptionScores(members, states.length, data, names, { ...options.corruptions, seed: bootstrap.seed }, talk),
    }),
  };
  if (split === 'test')
    await keepResults(folder, evaluation).catch((error: Error) => talk.say(`note: the results were not kept: ${error.message}`));
  return evaluation;
}

interface OutsideSet {
  readonly name: string;
  readonly source: MemorySource;
}

async function outsideSets(words: readonly string[], data: Data, own: string | undefined, talk: Talk): Promise<OutsideSet[]> {
  const sets: OutsideSet[] = [];
  for (const word of words) {
    const path = /^image-folder:(.+)$/s.exec(word)?.[1];
    if (path !== undefined && own !== undefined && resolve(path) === resolve(own))
      throw new SparseError('INVALID_CONFIG', '--ood', 'another set than the run was trained on', word);
    const { name, source } = await openOod(word, data, talk);
    sets.push({ name: name === 'image-folder' ? word : name, source });
  }
  return sets;
}

async function outsideScores(sets: readonly OutsideSet[], members: Members, inside: Outputs, bootstrap: Bootstrap, talk: Talk) {
  const scores = [];
  for (const { name, source } of sets) scores.push(oodOf(name, inside, await told(members, source, name, talk), bootstrap));
  return scores;
}

/** The outputs for a source, with a progress bar. */
async function told(members: Members, source: MemorySource, label: string, talk: Talk): Promise<Outputs> {
  const bar = progressBar({ label, total: source.size }, talk);
  try {
    return await members.outputsOf(source, (done) => bar.update(done));
  } finally {
    bar.stop();
  }
}

async function allScores({ prediction, labels }: Outputs, bootstrap: Bootstrap): Promise<Pick<Evaluation, 'ensemble' | 'members'>> {
  const alone = Array.from({ length: prediction.members }, (_, member) => memberPrediction(prediction, member));
  const [ensemble, ...members] = await scoresOf([prediction, ...alone], labels, bootstrap);
  return { ensemble: ensemble!, members };
}

async function partsFor(
  { heldOut, seed = SEED }: EvaluateOptions,
  members: Members,
  outputs: Outputs,
  data: Data,
  split: Split,
  talk: Talk,
): Promise<FitAndReport> {
  if (heldOut !== undefined) return holdOut(outputs, split, heldOut, seed);
  return fitOn(await told(members, data.valid, 'valid', talk), 'valid', outputs);
}

/** The mean of each score over the members. */
export function meanScores(members: readonly Scores[]): Scores {
  const names = MEASURES.filter((name) => members[0]?.[name] !== undefined);
  const mean = (name: (typeof MEASURES)[number]) => members.reduce((sum, scores) => sum + scores[name]!, 0) / members.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as Scores;
}
