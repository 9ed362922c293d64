/**
 * `freetickets evaluate`: what an ensemble is worth on data it has not seen, beside each of its members. Each kind of measurement is a file
 * in `../evaluation`; here they are made in order, after everything that can be refused has been looked at.
 */
import { resolve } from 'node:path';
import type { MemorySource } from '@freetickets/datasets';
import { type Engine, type ModelState, SparseError, splitHeads } from '@freetickets/sparse-core';
import { type Data, openDataOfRun, openOod } from '../data.ts';
import { type Computing, computingFor, tellNotes } from '../engines.ts';
import { type AttackWishes, attackScores, checkAttacked } from '../evaluation/attack.ts';
import { calibrationOf } from '../evaluation/calibration.ts';
import { conformalOf } from '../evaluation/conformal.ts';
import { corruptionScores, corruptionsFor } from '../evaluation/corruption.ts';
import { curvesOf } from '../evaluation/curves.ts';
import { explorationIn, fullDiversity, plainDiversity } from '../evaluation/diversity.ts';
import { type Attack, type Evaluation, LEVEL, MEASURES, type Ood, type Scores, type Split } from '../evaluation/document.ts';
import { checkPairs, interpolationOf } from '../evaluation/interpolation.ts';
import type { Bootstrap } from '../evaluation/intervals.ts';
import { keepResults, ticketHashes } from '../evaluation/keep.ts';
import { featuresOf, type Members, type Outputs, openMembers } from '../evaluation/members.ts';
import { neighbourDistances, oodOf } from '../evaluation/ood.ts';
import { checkOptions, type EvaluateOptions } from '../evaluation/options.ts';
import { allScores, partsFor, SEED, told } from '../evaluation/passes.ts';
import { sampleOf } from '../evaluation/sample.ts';
import { checkTrajectory, trajectoryOf } from '../evaluation/trajectory.ts';
import type { Flags } from '../experiment-fields.ts';
import { passesOf, plansOf, ticketsOf } from '../plans.ts';
import { progressBar } from '../progress.ts';
import { RunFolder } from '../run-folder.ts';
import { loadProbed } from '../run-trajectory.ts';
import type { Talk } from '../talk.ts';

export type { Evaluation, Scores, Split };

const TRAIN_SAMPLES = 2000;
/** Whose distance counts; of a tiny training set the farthest. */
const NEIGHBOUR = 50;

/**
 * Results on the test part are kept beside the run, over those of earlier calls.
 *
 * @param flags where the data are now, and how to compute; see CIRCUMSTANCES
 * @param otherEngine computes instead of the one that the flags name
 * @throws SparseError INVALID_CONFIG or INVALID_ARGUMENT for a wish that makes no sense, and whatever reading the run, its data and other sets throws
 */
export async function evaluateRun(
  path: string,
  split: Split,
  talk: Talk,
  flags: Flags = {},
  options: EvaluateOptions = {},
  otherEngine?: Engine,
): Promise<Evaluation> {
  checkOptions(split, options);
  const { folder, record, experiment } = await RunFolder.open(path, flags);
  const tickets = await folder.tickets();
  const plans = plansOf(experiment);
  const wanted = ticketsOf(plans);
  if (tickets.length < wanted) talk.say(`note: ${path} is not finished; it has ${tickets.length} of its ${wanted} tickets.`);
  const states = tickets.flatMap(({ state }) => splitHeads(state));
  const probed = options.trajectory ? await loadProbed(path) : [];
  if (options.trajectory) checkTrajectory(path, probed);
  if (options.interpolate) checkPairs(states);
  if (options.attack) checkAttacked(states, passesOf(plans));
  const data = await openDataOfRun(experiment, record, talk);
  const names = options.corruptions && (await corruptionsFor(data, options.corruptions));
  const others = await outsideSets(options.ood ?? [], data, experiment.data, talk);
  const { threads } = experiment;
  const computing = otherEngine ? { engine: otherEngine, ...(threads !== undefined && { threads }) } : await computingFor(experiment);
  tellNotes(talk.say);
  await using members = await openMembers(states, computing, { inputGradients: options.attack !== undefined, passes: passesOf(plans) });

  const bootstrap = { resamples: options.bootstrap ?? 0, seed: options.seed ?? SEED };
  const part = (name: Split, most = Number.POSITIVE_INFINITY) => sampleOf(data, name, experiment.validation, most, bootstrap.seed);
  const trainPictures = () => part('train', options.trainSamples ?? TRAIN_SAMPLES);
  const outputs = await told(members, data[split], split, talk);
  const scores = await allScores(outputs, bootstrap);
  const fitting = options.calibrate || options.conformal !== undefined;
  const parts = fitting ? await partsFor(options, members, outputs, data, split, talk) : undefined;
  const evaluation: Evaluation = {
    format: 'freetickets.evaluation',
    version: 1,
    tickets: await ticketHashes(folder, tickets.length),
    data: data.hash,
    split,
    samples: data[split].size,
    ...scores,
    diversity: options.diversity
      ? fullDiversity(outputs, states, await explorationIn(folder.logPath), bootstrap)
      : plainDiversity(outputs, bootstrap),
    curves: curvesOf(outputs),
    ...(bootstrap.resamples > 0 && { bootstrap: { ...bootstrap, level: LEVEL } }),
    ...(parts && options.calibrate && { calibration: await calibrationOf(parts, bootstrap) }),
    ...(parts && options.conformal !== undefined && { conformal: conformalOf(parts, options.conformal, bootstrap) }),
    ...(others.length > 0 && {
      ood: await outsideScores({ members, states, computing, talk }, { source: data[split], outputs }, others, trainPictures(), bootstrap),
    }),
    ...(options.attack && {
      attacks: await attackAll(members, part(split, options.attack.samples), data, options.attack, bootstrap, talk),
    }),
    ...(options.interpolate && {
      interpolation: await interpolationOf(states, { train: trainPictures(), report: data[split] }, computing, bootstrap, talk),
    }),
    ...(probed.length > 0 && { trajectory: trajectoryOf(probed, bootstrap.seed) }),
    ...(names && { corruptions: await corruptionScores(members, data, names, options.corruptions!, bootstrap, talk) }),
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

interface Looking {
  readonly members: Members;
  readonly states: readonly ModelState[];
  readonly computing: Computing;
  readonly talk: Talk;
}

/** @param bank training pictures, among which neighbours are looked for; the score by them is left out where networks have no features */
async function outsideScores(
  { members, states, computing, talk }: Looking,
  inside: { readonly source: MemorySource; readonly outputs: Outputs },
  sets: readonly OutsideSet[],
  bank: MemorySource,
  bootstrap: Bootstrap,
): Promise<Ood[]> {
  const neighbours = { k: Math.min(NEIGHBOUR, bank.size), bank: bank.size, seed: bootstrap.seed };
  const hasFeatures = states.every(({ spec }) => spec.nodes.some(({ op }) => op === 'linear'));
  const sources = [bank, inside.source, ...sets.map(({ source }) => source)];
  const distances = hasFeatures ? await distancesOf(states, sources, neighbours.k, computing, talk) : [];
  const scores: Ood[] = [];
  for (const [index, { name, source }] of sets.entries()) {
    const outputs = await told(members, source, name, talk);
    const own = oodOf(name, { ...inside, distances: distances[0] }, { outputs, distances: distances[index + 1] }, bootstrap);
    scores.push({ ...own, ...(hasFeatures && { neighbours }) });
  }
  return scores;
}

/** Of the pictures of each source but the first, which is the bank. */
async function distancesOf(states: readonly ModelState[], sources: readonly MemorySource[], k: number, computing: Computing, talk: Talk) {
  const total = sources.reduce((sum, { size }) => sum + size, 0);
  const bar = progressBar({ label: 'features', total }, talk);
  try {
    const [bank, ...others] = await featuresOf(states, sources, computing, (done) => bar.update(done));
    return others.map((features) => neighbourDistances(features, bank!, k));
  } finally {
    bar.stop();
  }
}

async function attackAll(
  { sessions }: Members,
  source: MemorySource,
  { dataset }: Data,
  wishes: AttackWishes,
  bootstrap: Bootstrap,
  talk: Talk,
): Promise<Attack[]> {
  const found = [];
  for (const kind of wishes.kinds) found.push(await attackScores(kind, sessions, source, dataset.normalization, wishes, bootstrap, talk));
  return found;
}

/** The mean of each score over the members. */
export function meanScores(members: readonly Scores[]): Scores {
  const names = MEASURES.filter((name) => members[0]?.[name] !== undefined);
  const mean = (name: (typeof MEASURES)[number]) => members.reduce((sum, scores) => sum + scores[name]!, 0) / members.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as Scores;
}
