/**
 * The members of a run, trained one after the other, and what comes of it: events to the log and the screen, checkpoints and tickets to
 * the folder. `dst-trainer` knows how one member is trained; `commands/train.ts` where a run begins and what is said of it.
 */
import { prefetch } from '@freetickets/datasets';
import {
  type CheckpointEvent,
  type EpochEvent,
  type FaultEvent,
  type Plan,
  type StoppedEvent,
  stepsPerEpoch,
  type TicketEvent,
  type TrainEvent,
  type TrainRun,
  train,
} from '@freetickets/dst-trainer';
import type { Reporter } from '@freetickets/report';
import type { ModelState, Network, TicketInfo } from '@freetickets/sparse-core';
import type { FoundCheckpoint, RunCheckpoint } from './checkpoint-store.ts';
import type { Data } from './data.ts';
import type { Computing } from './engines.ts';
import { EventLog } from './event-log.ts';
import { insistently } from './insistently.ts';
import { epochsOf, seedOf, ticketsOf } from './plans.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import type { RunFolder } from './run-folder.ts';
import type { RunIdentity } from './run-identity.ts';
import type { RunRecord } from './run-record.ts';
import { saveProbed } from './run-trajectory.ts';
import type { Talk } from './talk.ts';
import { durationText, percent } from './text.ts';
import { runEventOf } from './trackers/run-event.ts';
import { now } from './trackers/tracker.ts';

export interface Run {
  readonly folder: RunFolder;
  readonly record: RunRecord;
  readonly net: Network;
  readonly plans: readonly Plan[];
  readonly data: Data;
  readonly computing: Computing;
  readonly loaderWorkers: number;
  readonly checkpointEvery: number;
  readonly keepCheckpoints: number;
  readonly identity: RunIdentity;
  /** Why the run is not the one that it was, where it goes on all the same. */
  readonly forced?: readonly string[];
  readonly checkpoint?: RunCheckpoint | undefined;
  /** What every member starts from; absent: fresh values. */
  readonly start?: ModelState | undefined;
  /** Told what happens, once it is on disk. */
  readonly reporter: Reporter;
}

/** A ticket that is on disk. */
export interface SavedTicket {
  readonly index: number;
  readonly path: string;
  /** Counted from 1 over the plan of its member. */
  readonly epoch: number;
  readonly validAccuracy?: number;
}

export interface Trained {
  readonly tickets: readonly SavedTicket[];
  /** Of training, over all parts of the run. */
  readonly seconds: number;
}

/** When a run stops before it is finished, after a checkpoint. */
export interface Stop {
  readonly signal?: AbortSignal | undefined;
  /** Stop at the end of this epoch, counted from 1 over the whole run; see `epochOfRun`. */
  readonly afterEpoch?: number | undefined;
}

/** Counted over the members of a run, each of which has `of` epochs. */
export const epochOfRun = ({ member, epoch, of }: { readonly member: number; readonly epoch: number; readonly of: number }): number =>
  member * of + epoch;

/** Trains until all tickets are there or it is to stop; either way the last checkpoint is of where it ended. */
export async function trainRun(
  run: Run,
  talk: Talk,
  { signal: asked, afterEpoch = Number.POSITIVE_INFINITY }: Stop = {},
): Promise<Trained> {
  const { folder, plans, data, checkpoint } = run;
  const tickets = await savedTickets(folder, plans, checkpoint);
  await folder.prepare(checkpoint);
  const loading = { workers: run.loaderWorkers, onNotice: (notice: string) => talk.say(`note: ${notice}.`) };
  await using training = prefetch(data.train, loading);
  await using validation = prefetch(data.valid, loading);
  await using log = await EventLog.open(folder.logPath, checkpoint?.log.bytes ?? 0);
  const first = checkpoint?.member ?? 0;
  const stepsEach = stepsOf(plans[0]!, data.train.size); // the plans of an experiment are of one length
  const done = first * stepsEach + (checkpoint?.state.step ?? 0);
  const bar = progressBar({ label: 'training', total: plans.length * stepsEach, done }, talk);
  const recorder = new Recorder(run, tickets, log, bar);
  if (run.forced?.length) await log.append(first, { type: 'forced', differences: run.forced });
  const enough = new AbortController();
  const signal = asked ? AbortSignal.any([asked, enough.signal]) : enough.signal;
  try {
    for (let member = first; member < plans.length && !signal.aborted; member++) {
      recorder.begin(member, member * stepsEach);
      for await (const event of trainMember(run, { train: training, valid: validation }, member, signal)) {
        await recorder.take(event);
        // The trainer ends the epoch in good order, and looks at the signal then.
        if (event.type === 'epoch' && epochOfRun({ member, ...event }) >= afterEpoch) enough.abort();
      }
    }
  } finally {
    bar.stop();
  }
  return { tickets, seconds: recorder.seconds };
}

function trainMember(run: Run, data: TrainRun['data'], member: number, signal: AbortSignal): AsyncGenerator<TrainEvent> {
  const { net, plans, computing, record, checkpointEvery, checkpoint, start } = run;
  const probe = probeOf(run);
  return train({
    network: net,
    plan: plans[member]!,
    data,
    ...computing,
    seed: seedOf(record.experiment, member),
    checkpointEvery,
    ...(start && { from: start }),
    ...(member === checkpoint?.member && { resume: checkpoint.state }),
    ...(probe && { probe }),
    signal,
  });
}

/** The first test pictures, as many as the experiment wants; they decide nothing. */
function probeOf({ record, data }: Pick<Run, 'record' | 'data'>): TrainRun['probe'] {
  const { keepTrajectory } = record.experiment;
  if (keepTrajectory === undefined) return undefined;
  for (const { images, size } of data.test.batches({ batchSize: keepTrajectory })) return { images, size };
  return undefined;
}

const stepsOf = (plan: Plan, samples: number): number => epochsOf(plan) * stepsPerEpoch(plan, samples);

/** The newest checkpoint of a run that is whole, and its tickets with it. */
export const newestCheckpoint = (folder: RunFolder, plans: readonly Plan[]): Promise<FoundCheckpoint> =>
  folder.newestCheckpoint(plans.length, (checkpoint) => ticketsBefore(plans, checkpoint));

const ticketsBefore = (plans: readonly Plan[], { member, state }: RunCheckpoint): number =>
  ticketsOf(plans.slice(0, member)) + state.tickets;

/** Tickets that were handed out before the checkpoint. Later ones will be made again, with the same bytes. */
export async function savedTickets(
  folder: RunFolder,
  plans: readonly Plan[],
  checkpoint: RunCheckpoint | undefined,
): Promise<SavedTicket[]> {
  if (!checkpoint) return [];
  return (await folder.loadTickets(ticketsBefore(plans, checkpoint))).map(({ info }, index) => {
    const { epoch = 0, validAccuracy } = info.metrics ?? {};
    return { index, path: folder.ticketPath(index), epoch, ...(validAccuracy !== undefined && { validAccuracy }) };
  });
}

/** Puts each event where it belongs. */
class Recorder {
  readonly #run: Run;
  readonly #tickets: SavedTicket[];
  readonly #log: EventLog;
  readonly #bar: ProgressBar;
  #member = 0;
  #stepsBefore = 0;
  /** At the end of the last epoch. */
  #step: number;
  #earlierSeconds: number;
  #memberSeconds: number;

  constructor(run: Run, tickets: SavedTicket[], log: EventLog, bar: ProgressBar) {
    this.#run = run;
    this.#tickets = tickets;
    this.#log = log;
    this.#bar = bar;
    this.#step = run.checkpoint?.state.step ?? 0;
    this.#earlierSeconds = run.checkpoint?.earlierSeconds ?? 0;
    this.#memberSeconds = run.checkpoint?.state.elapsedSeconds ?? 0;
  }

  get seconds(): number {
    return this.#earlierSeconds + this.#memberSeconds;
  }

  begin(member: number, stepsBefore: number): void {
    if (member !== (this.#run.checkpoint?.member ?? 0)) {
      this.#earlierSeconds = this.seconds;
      this.#memberSeconds = 0;
    }
    this.#member = member;
    this.#stepsBefore = stepsBefore;
  }

  async take(event: TrainEvent): Promise<void> {
    if (event.type === 'progress') {
      const { step, epoch, phase, loss } = event;
      return this.#bar.update(this.#stepsBefore + step, `${this.#label}epoch ${epoch} ${phase}, loss ${loss.toFixed(3)}`);
    }
    if (event.type === 'checkpoint') await this.#saveCheckpoint(event);
    if (event.type === 'ticket') await this.#saveTicket(event);
    if (event.type === 'epoch') await this.#takeEpoch(event);
    if (event.type === 'stopped') this.#sayStopped(event);
    if (event.type === 'fault') this.#sayFault(event);
    if (event.type !== 'checkpoint') await this.#insist(() => this.#log.append(this.#member, event));
    await this.#tell(event);
  }

  async #tell(event: TrainEvent): Promise<void> {
    if (event.type === 'epoch') this.#step = event.step;
    const told = runEventOf(event, { member: this.#member, step: this.#step, tickets: this.#tickets.length });
    if (told) await this.#run.reporter.take(told, now());
  }

  async #saveCheckpoint({ state }: CheckpointEvent): Promise<void> {
    const { folder, identity, keepCheckpoints } = this.#run;
    await this.#insist(async () => {
      await this.#log.flush();
      const position = { member: this.#member, log: this.#log.position, earlierSeconds: this.#earlierSeconds, identity };
      await folder.saveCheckpoint({ ...position, state }, keepCheckpoints);
    });
    this.#memberSeconds = state.elapsedSeconds;
  }

  async #saveTicket({ state, epoch, validAccuracy }: TicketEvent): Promise<void> {
    const index = this.#tickets.length;
    const { folder } = this.#run;
    const metrics = { epoch, ...(validAccuracy !== undefined && { validAccuracy }) };
    await this.#insist(() => folder.saveTicket(index, state, this.#infoOf(metrics)));
    this.#tickets.push({ index, path: folder.ticketPath(index), ...metrics });
    this.#bar.say(`ticket ${index}: from epoch ${epoch}${accuracyText(', validation', validAccuracy)}`);
  }

  async #takeEpoch(event: EpochEvent): Promise<void> {
    this.#sayEpoch(event);
    if (!event.probed) return;
    const { folder, data, record } = this.#run;
    const size = Math.min(record.experiment.keepTrajectory!, data.test.size);
    const place = { member: this.#member, epoch: event.epoch };
    const { probed } = event;
    await this.#insist(() => saveProbed(folder.path, place, probed, size, data.dataset.classes.length));
  }

  /** Of a full disk all checkpoints but the newest are given up before the run is. */
  async #insist(write: () => Promise<void>): Promise<void> {
    await insistently(write, () => this.#run.folder.dropOlderCheckpoints());
  }

  #sayEpoch({ epoch, of, phase, loss, accuracy, validAccuracy, seconds }: EpochEvent): void {
    const scores = `loss ${loss.toFixed(4)}${accuracyText(', accuracy', accuracy)}${accuracyText(', validation', validAccuracy)}`;
    this.#bar.say(`${this.#label}epoch ${epoch}/${of} ${phase}: ${scores}, ${durationText(seconds)}`);
  }

  #sayStopped({ phase, epoch, planned, validAccuracy }: StoppedEvent): void {
    this.#bar.say(`${this.#label}${phase} ends after epoch ${epoch} of ${planned}: no better validation than ${percent(validAccuracy)}`);
  }

  #sayFault({ cause, value, params, step, action, backTo }: FaultEvent): void {
    const what = cause === 'dead-layer' ? `nothing lives in ${params!.join(', ')}` : `the ${cause} of step ${step} was ${value}`;
    const done = action === 'skip' ? 'going on without it' : `going back to step ${backTo} with half the learning rate`;
    this.#bar.say(`${this.#label}warning: ${what}; ${done}`);
  }

  /** Everything here is the same after a resumption, on whatever machine. */
  #infoOf(metrics: Readonly<Record<string, number>>): TicketInfo {
    const { record, data } = this.#run;
    const { experiment, experimentHash, engine, freetickets } = record;
    const seed = seedOf(experiment, this.#member);
    const provenance = { method: experiment.method, seed, experiment: experimentHash, data: record.data.hash, engine, freetickets };
    return { classes: data.dataset.classes, normalization: data.dataset.normalization, metrics, provenance };
  }

  get #label(): string {
    const members = this.#run.plans.length;
    return members > 1 ? `member ${this.#member}: ` : '';
  }
}

const accuracyText = (label: string, accuracy: number | undefined): string =>
  accuracy === undefined ? '' : `${label} ${percent(accuracy)}`;
