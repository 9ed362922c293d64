/** `freetickets train`: from an experiment, or from where a run folder stands, to tickets. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { checkEngine, checkStart, type Plan, type PlanCost, planCost, sharedNetwork } from '@freetickets/dst-trainer';
import { decodeTicket, type Engine, type ModelState, type Network, SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import type { FoundCheckpoint } from '../checkpoint-store.ts';
import { type Data, openData, openDataOfRun } from '../data.ts';
import { computingFor, tellNotes } from '../engines.ts';
import { isOfDisk } from '../exit.ts';
import { experimentHash } from '../experiment.ts';
import type { Experiment, Flags } from '../experiment-fields.ts';
import { networkFor } from '../networks.ts';
import { epochsOf, passesOf, plansOf, settled, ticketsOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import { differences, identityOf, preparedIdentity, type RunIdentity } from '../run-identity.ts';
import type { ReadRecord, RunRecord } from '../run-record.ts';
import type { Talk } from '../talk.ts';
import { counted, durationText, flopsText } from '../text.ts';
import { now, openTrackers, startOf, type Tracker } from '../trackers/tracker.ts';
import {
  isAtEnd,
  newestCheckpoint,
  type Run,
  type SavedTicket,
  type Stop,
  savedTickets,
  type Trained,
  ticketsIn,
  trainRun,
} from '../training.ts';
import { VERSION } from '../version.ts';

export interface TrainResult {
  readonly run: string;
  /** False: stopped on request, after a checkpoint. */
  readonly finished: boolean;
  readonly method: string;
  readonly network: string;
  /** That the run was started on. */
  readonly engine: string;
  readonly cost: PlanCost;
  /** Of training, over all parts of the run. */
  readonly seconds: number;
  readonly tickets: readonly SavedTicket[];
}

/** A run before it has a folder. */
export interface Loaded extends Pick<Run, 'record' | 'net' | 'plans' | 'data' | 'computing'> {
  readonly experiment: Experiment;
  readonly startTicket: StartTicket | undefined;
}

/** Loads what a run is made of. What is wrong with an experiment is told here, before anything is written. */
export async function loadRun(wanted: Experiment, talk: Talk, signal?: AbortSignal): Promise<Loaded> {
  const wantedPlans = plansOf(wanted); // what is wrong with them is told before anything is loaded
  const computing = await computingFor(wanted);
  for (const plan of wantedPlans) checkEngine(plan, computing.engine);
  const data = await openData(wanted, talk);
  signal?.throwIfAborted();
  const experiment = settled(wanted, data.train.size);
  const plans = plansOf(experiment);
  const net = await networkFor(experiment.network, data.dataset);
  const start = experiment.from === undefined ? undefined : await startTicket(experiment.from);
  if (start) for (const plan of plans) checkStart(start.state, sharedNetwork(net, plan.onePass), plan, start.path);
  return { experiment, record: recordOf(experiment, net, data, computing.engine, start), net, plans, data, computing, startTicket: start };
}

/** A new run in the folder `out`. */
export async function startRun(
  wanted: Experiment,
  out: string,
  talk: Talk,
  stop: Stop = {},
  trackers: readonly Tracker[] = [],
): Promise<TrainResult> {
  const { run, lease } = await beginRun(wanted, out, talk, stop, trackers);
  await using _lease = lease; // until training is over, hence the await below
  const reporter = await openTrackers(trackers, run.folder, startOf(out, run.record, run.plans.length, undefined), talk);
  return await trainAndTell({ ...run, reporter }, talk, stop);
}

/** A new run in the folder `out`, all of it checked and nothing trained: for `train --resume`, or for `submit`. */
export async function prepareRun(wanted: Experiment, out: string, talk: Talk, stop: Stop = {}): Promise<TrainResult> {
  const { run, lease } = await beginRun(wanted, out, talk, stop);
  await using _lease = lease;
  talk.say(planText(run));
  return resultOf(run, { tickets: [], seconds: 0 });
}

async function beginRun(
  wanted: Experiment,
  out: string,
  talk: Talk,
  stop: Stop,
  trackers: readonly Tracker[] = [],
): Promise<{ run: Omit<Run, 'reporter'>; lease: AsyncDisposable }> {
  plansOf(wanted); // a wrong plan is told before a folder that is taken
  await RunFolder.checkFree(out); // loading the data may take minutes
  for (const tracker of trackers) await tracker.check?.(out);
  const { experiment, startTicket: start, ...loaded } = await loadRun(wanted, talk, stop.signal);
  const { folder, lease } = await RunFolder.create(out, loaded.record, start?.bytes);
  const identity = identityOf(experiment, loaded.record, loaded.data.hash, loaded.computing.engine);
  return { run: { folder, ...loaded, ...mannersOf(experiment), identity, start: start?.state }, lease };
}

export interface ResumeOptions {
  /** What may change while a run goes on; see CIRCUMSTANCES. */
  readonly flags?: Flags;
  /** Goes on although data, experiment or code are not what they were; the log says so. */
  readonly force?: boolean;
  /** Refuses to go on from an older checkpoint where the newest is damaged. */
  readonly strict?: boolean;
  readonly trackers?: readonly Tracker[];
}

/**
 * Goes on with the run in `path`, from its last checkpoint that is whole. A finished run is left as it is.
 * @throws SparseError INVALID_CONFIG naming all that is not as it was, BAD_FILE when no checkpoint is whole
 */
export async function resumeRun(path: string, talk: Talk, stop: Stop = {}, options: ResumeOptions = {}): Promise<TrainResult> {
  const opened = await RunFolder.open(path, options.flags);
  await using _lease = await opened.folder.lease();
  return await goOn({ ...opened, home: opened.folder }, talk, stop, options);
}

/** A run on disk, and where in it training goes on. */
export interface Opened extends ReadRecord {
  readonly home: RunFolder;
  /** Whose lease is held: the run's, or that of one of its members. */
  readonly folder: RunFolder;
  /** As `Run.only`. */
  readonly only?: number;
}

/** @throws SparseError as `resumeRun` */
export async function goOn(
  { home, folder, only, record, experiment, net }: Opened,
  talk: Talk,
  stop: Stop,
  { flags = {}, force = false, strict = false, trackers = [] }: ResumeOptions,
): Promise<TrainResult> {
  const plans = plansOf(experiment);
  const found = await newestCheckpoint(folder, plans, only);
  tellSkipped(found, strict, talk);
  const { checkpoint } = found;
  if (only === undefined && !checkpoint) refuseMembers(home);
  const computing = await computingFor(experiment);
  // The members of a run may begin on machines that are not alike; those of a run in one process do not.
  const then = checkpoint?.identity ?? (only === undefined ? undefined : preparedIdentity(record));
  // Of the data only their hash can tell, and they may take minutes to load.
  const before = identityOf(experiment, record, record.data.hash, computing.engine);
  const changed = experimentHash(record.experiment, net.spec, record.from) !== record.experimentHash;
  if (!force) refuseChanges(home.path, then, { ...before, ...(flags.engine !== undefined && then && { engine: then.engine! }) }, changed);
  if (checkpoint && isAtEnd(plans, checkpoint, only)) {
    talk.say(`${folder.path} is finished; there is nothing left to train.`);
    const seconds = checkpoint.earlierSeconds + checkpoint.state.elapsedSeconds;
    return resultOf({ folder, only, record, net, plans }, { tickets: await savedTickets(folder, plans, checkpoint, only), seconds });
  }
  const data = await (force ? openData(experiment, talk) : openDataOfRun(experiment, record, talk));
  const identity = identityOf(experiment, record, data.hash, computing.engine);
  const forced = then && (force || flags.engine !== undefined) ? differences(then, identity) : [];
  for (const difference of forced) talk.say(`warning: going on although ${difference}`);
  const start = record.from === undefined ? undefined : await startTicket(home.startPath, record.from);
  await folder.dropResults();
  const reporter = await openTrackers(trackers, folder, startOf(folder.path, record, plans.length, checkpoint ?? null), talk);
  const place = { identity, forced, checkpoint, start: start?.state };
  const run = { folder, only, record, net, plans, data, computing, ...mannersOf(experiment), ...place, reporter };
  return await trainAndTell(run, talk, stop);
}

/** Of a run whose members are trained one by one. */
function refuseMembers(home: RunFolder): void {
  if (!home.hasMembers()) return;
  throw new SparseError(
    'INVALID_CONFIG',
    home.path,
    'a run that is trained in one process',
    new Error('one whose members are trained each on its own'),
    `See freetickets status ${home.path}; put them together with freetickets assemble ${home.path}`,
  );
}

const mannersOf = ({ processes, loaderWorkers, checkpointEvery, keepCheckpoints }: Experiment) => ({
  processes,
  loaderWorkers,
  checkpointEvery,
  keepCheckpoints,
});

function tellSkipped({ skipped, checkpoint }: FoundCheckpoint, strict: boolean, talk: Talk): void {
  if (strict && skipped[0]) throw skipped[0];
  for (const { message } of skipped) talk.say(`warning: skipped a damaged checkpoint: ${message}`);
  if (skipped.length > 0) talk.say(`warning: going on from an older one, of step ${checkpoint!.state.step}`);
}

/** @param changed whether the record is not the one that was written; without a checkpoint nothing says what it was */
function refuseChanges(path: string, then: RunIdentity | undefined, now: RunIdentity, changed: boolean): void {
  const list = then ? differences(then, now) : [];
  if (list.length === 0 && !changed) return;
  throw new SparseError(
    'INVALID_CONFIG',
    `${path}/run.json`,
    'the experiment that the run was started with',
    new Error(list.length === 0 ? 'a changed one' : `another: ${list.join('; ')}`),
    'Undo the change, start a new run, or go on all the same with --force',
  );
}

interface StartTicket {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly state: ModelState;
}

/** @param wanted SHA-256 that the file has to have */
async function startTicket(path: string, wanted?: string): Promise<StartTicket> {
  const bytes = await readFileOrExplain(path, 'a ticket to start from');
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (wanted !== undefined && hash !== wanted)
    throw new SparseError('BAD_FILE', path, 'the ticket that the run started from', new Error('a changed one'), 'Put it back');
  return { path, bytes, hash, state: decodeTicket(bytes, path).state };
}

function recordOf(experiment: Experiment, net: Network, data: Data, engine: Engine, start: StartTicket | undefined): RunRecord {
  const { train, valid, test, dataset, hash } = data;
  return {
    format: 'freetickets.run',
    version: 1,
    // The run may go on from another folder than the one that it was started in.
    experiment: {
      ...experiment,
      ...(experiment.data !== undefined && { data: resolve(experiment.data) }),
      ...(experiment.from !== undefined && { from: resolve(experiment.from) }),
    },
    experimentHash: experimentHash(experiment, net.spec, start?.hash),
    network: net.spec,
    ...(start && { from: start.hash }),
    data: { name: dataset.name, hash, classes: [...dataset.classes], train: train.size, valid: valid.size, test: test.size },
    engine: engine.name,
    freetickets: VERSION,
    node: process.version,
  };
}

async function trainAndTell(run: Run, talk: Talk, stop: Stop): Promise<TrainResult> {
  tellNotes(talk.say);
  talk.say(planText(run));
  try {
    const result = resultOf(run, await trainRun(run, talk, stop));
    await run.reporter.end(result.finished ? 'finished' : 'stopped', now());
    return result;
  } catch (error) {
    await run.reporter.end('failed', now());
    if (isOfDisk(error) && run.only === undefined)
      talk.say(`the last checkpoint is whole; when the disk is well again, go on with: freetickets train --resume ${run.folder.path}`);
    throw error;
  }
}

type Planned = Pick<Run, 'only' | 'record' | 'net' | 'plans'>;

/** Of all epochs of a run, trained or not yet. */
export const costOf = ({ record, net, plans }: Planned): PlanCost => planCost(net, plans, record.data.train);

function resultOf(run: Planned & Pick<Run, 'folder'>, { tickets, seconds }: Trained): TrainResult {
  const { folder, record, plans } = run;
  const { method, network } = record.experiment;
  const finished = tickets.length === ticketsIn(plans, run.only);
  return { run: folder.path, finished, method, network, engine: record.engine, cost: costOf(run), seconds, tickets };
}

/** What is going to be trained, and what it costs by formula. */
export function planText(run: Pick<Run, 'record' | 'net' | 'plans' | 'only' | 'computing' | 'checkpoint'>): string {
  const { record, net, plans, only, computing, checkpoint } = run;
  const { method, sparsity } = record.experiment;
  const cost = costOf(run);
  const epochs = plans.reduce((sum, plan) => sum + epochsOf(plan), 0);
  const density = plans[0]!.sparsity === 0 ? 'dense' : `sparsity ${sparsity}`;
  const lines = [
    `${method} on ${record.data.name}: ${net.spec.name}, ${counted(ticketsOf(plans), 'ticket')}${passesText(plans)}, ${density}, ${epochs} epochs of ${record.data.train} samples, engine ${computing.engine.name}`,
    `cost: training ${flopsText(cost.trainingFlops)}, which is ${cost.trainingVersusDense.toFixed(3)} of one dense training of ${counted(plans[0]!.denseEpochs, 'epoch')}`,
    `      one prediction by all members ${flopsText(cost.inferenceFlops)}, which is ${cost.inferenceVersusDense.toFixed(3)} of one by a dense network`,
  ];
  if (only !== undefined) lines.push(`this is member ${only} of 0 to ${plans.length - 1}, and trained alone`);
  if (checkpoint) lines.push(`going on from step ${checkpoint.state.step}${plans.length > 1 ? ` of member ${checkpoint.member}` : ''}`);
  return lines.join('\n');
}

function passesText(plans: readonly Plan[]): string {
  const passes = passesOf(plans);
  return passes === undefined ? '' : ` (${passes} passes with dropout)`;
}

export function trainText({ finished, run, tickets, seconds }: TrainResult): string {
  if (!finished) return `stopped; go on with: freetickets train --resume ${run}`;
  return `${counted(tickets.length, 'ticket')} in ${run} after ${durationText(seconds)} of training\nnext: freetickets evaluate ${run}`;
}

export const preparedText = ({ run }: TrainResult): string =>
  `${run} is prepared, nothing trained\nnext: freetickets submit ${run} --engine NAME, or freetickets train --resume ${run}`;
