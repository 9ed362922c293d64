/** `freetickets train`: from an experiment, or from where a run folder stands, to tickets. */
import { type Plan, type PlanCost, planCost, plansFor, random, train } from '@freetickets/dst-trainer';
import { type Engine, er, erk, type Network, network, SparseError, type TicketInfo, uniform } from '@freetickets/sparse-core';
import { type Data, openData } from '../data.ts';
import { engineByName } from '../engines.ts';
import { type Experiment, experimentHash } from '../experiment.ts';
import { networkFor } from '../networks.ts';
import { progressBar } from '../progress.ts';
import { EventLog, type Position, RunFolder, type RunRecord } from '../run-folder.ts';
import { durationText, flopsText, percent, type Talk } from '../talk.ts';
import { VERSION } from '../version.ts';

export interface TrainResult {
  readonly run: string;
  /** False: stopped on request, after a checkpoint. */
  readonly finished: boolean;
  readonly method: string;
  readonly network: string;
  readonly engine: string;
  readonly cost: PlanCost;
  readonly seconds: number;
  readonly tickets: readonly { readonly index: number; readonly path: string; readonly epoch: number; readonly validAccuracy?: number }[];
}

interface Run {
  readonly folder: RunFolder;
  readonly record: RunRecord;
  readonly data: Data;
  readonly net: Network;
  readonly engine: Engine;
  readonly plans: readonly Plan[];
}

type TicketRow = TrainResult['tickets'][number];

/** A new run in the folder `out`. */
export async function startRun(experiment: Experiment, out: string, talk: Talk, signal?: AbortSignal): Promise<TrainResult> {
  const plans = plansOf(experiment);
  const engine = engineByName(experiment.engine, talk.say);
  const data = await openData(experiment, talk.say);
  const net = networkFor(experiment.network, data.dataset);
  const record = recordOf(experiment, net, data, engine);
  const folder = await RunFolder.create(out, record);
  return trainAll({ folder, record, data, net, engine, plans }, talk, signal);
}

/** Goes on with the run in `path`, from its last checkpoint. A finished run is left as it is. */
export async function resumeRun(path: string, talk: Talk, signal?: AbortSignal): Promise<TrainResult> {
  const { folder, record } = await RunFolder.open(path);
  const { experiment } = record;
  const data = await openData(experiment, talk.say);
  if (data.hash !== record.data.hash)
    throw new SparseError('INVALID_CONFIG', path, `the data that the run was started with (${record.data.hash.slice(0, 12)})`, data.hash.slice(0, 12), 'Put it back, or start a new run');
  const engine = engineByName(experiment.engine, talk.say);
  if (engine.name !== record.engine) talk.say(`note: the run was started on ${record.engine} and goes on on ${engine.name}: results may differ in the last bits.`);
  return trainAll({ folder, record, data, net: network(record.network), engine, plans: plansOf(experiment) }, talk, signal);
}

/** @throws SparseError INVALID_ARGUMENT */
export function plansOf(e: Experiment): readonly Plan[] {
  return plansFor(e.method, {
    tickets: e.tickets,
    sparsity: e.sparsity,
    exploreEpochs: e.exploreEpochs,
    refineEpochs: e.refineEpochs,
    escape: e.escape,
    distribution: { erk, er, uniform }[e.distribution](),
    batchSize: e.batchSize,
    learningRate: e.learningRate,
    momentum: e.momentum,
    weightDecay: e.weightDecay,
    rewiring: {
      every: e.rewireEvery,
      ...(e.growth === 'random' && { grow: random() }),
      fraction: e.method === 'dst' ? { kind: 'cosine', from: e.dropFraction, to: 0.01 * e.dropFraction, over: e.exploreEpochs + e.refineEpochs } : e.dropFraction,
    },
  });
}

function recordOf(experiment: Experiment, net: Network, data: Data, engine: Engine): RunRecord {
  const { train: t, valid, test, dataset, hash } = data;
  return {
    format: 'freetickets.run',
    version: 1,
    experiment,
    experimentHash: experimentHash(experiment),
    network: net.spec,
    data: { name: dataset.name, hash, classes: dataset.classes, train: t.size, valid: valid.size, test: test.size },
    engine: engine.name,
    freetickets: VERSION,
    node: process.version,
  };
}

async function trainAll(run: Run, talk: Talk, signal: AbortSignal | undefined): Promise<TrainResult> {
  const { folder, record, net, plans, data } = run;
  const cost = planCost(net, plans, data.train.size);
  talk.say(planText(run, cost));
  const checkpoint = await folder.loadCheckpoint();
  const log = await EventLog.open(folder, checkpoint?.position.logBytes ?? 0);
  const tickets = await ticketRows(folder, run, checkpoint);
  let seconds = 0;
  try {
    for (let member = checkpoint?.position.member ?? 0; member < plans.length && !signal?.aborted; member++) {
      const resume = member === checkpoint?.position.member ? checkpoint.state : undefined;
      seconds += await trainMember(run, { member, log, resume, tickets }, talk, signal);
    }
  } finally {
    await log.close();
  }
  const wanted = plans.reduce((sum, plan) => sum + plan.phases.filter((phase) => phase.ticket).length, 0);
  const { method, network: name } = record.experiment;
  return { run: folder.path, finished: tickets.length === wanted, method, network: name, engine: run.engine.name, cost, seconds, tickets };
}

/** Tickets that were handed out before the checkpoint; later ones will be made again, with the same bytes. */
async function ticketRows(folder: RunFolder, run: Run, checkpoint: Awaited<ReturnType<RunFolder['loadCheckpoint']>>): Promise<TicketRow[]> {
  if (!checkpoint) return [];
  const { member } = checkpoint.position;
  const before = run.plans.slice(0, member).reduce((sum, plan) => sum + plan.phases.filter((phase) => phase.ticket).length, 0);
  const saved = await folder.tickets().catch(() => []);
  return saved.slice(0, before + checkpoint.state.tickets).map(({ info }, index) => {
    const { epoch = 0, validAccuracy } = info.metrics ?? {};
    return { index, path: folder.ticketPath(index), epoch, ...(validAccuracy !== undefined && { validAccuracy }) };
  });
}

interface Member {
  readonly member: number;
  readonly log: EventLog;
  readonly resume: Awaited<ReturnType<RunFolder['loadCheckpoint']>> extends infer C ? (C extends { state: infer S } ? S | undefined : never) : never;
  readonly tickets: TicketRow[];
}

/** @returns seconds of training */
async function trainMember(run: Run, at: Member, talk: Talk, signal: AbortSignal | undefined): Promise<number> {
  const { folder, record, data, net, engine, plans } = run;
  const { experiment } = record;
  const plan = plans[at.member]!;
  const label = plans.length > 1 ? `member ${at.member + 1}/${plans.length}` : 'training';
  const totalSteps = plan.phases.reduce((sum, phase) => sum + phase.epochs, 0) * Math.ceil(data.train.size / plan.batchSize);
  const bar = progressBar(label, totalSteps, talk.say);
  let seconds = 0;
  const events = train({
    network: net,
    plan,
    data: { train: data.train, valid: data.valid },
    engine,
    seed: experiment.seed + at.member,
    checkpointEvery: experiment.checkpointEvery,
    ...(experiment.threads !== undefined && { threads: experiment.threads }),
    ...(at.resume && { resume: at.resume }),
    ...(signal && { signal }),
  });
  try {
    for await (const event of events) {
      if (event.type === 'progress') {
        bar.update(event.step, `epoch ${event.epoch}, ${event.phase}, loss ${event.loss.toFixed(3)}`);
        continue;
      }
      if (event.type === 'checkpoint') {
        await at.log.flush();
        const position: Position = { member: at.member, logBytes: at.log.bytes };
        await folder.saveCheckpoint(event.state, position);
        seconds = event.state.elapsedSeconds;
        continue;
      }
      if (event.type === 'ticket') {
        const index = at.tickets.length;
        const metrics = { epoch: event.epoch, ...(event.validAccuracy !== undefined && { validAccuracy: event.validAccuracy }) };
        await folder.saveTicket(index, event.state, infoOf(run, metrics));
        at.tickets.push({ index, path: folder.ticketPath(index), ...metrics });
        bar.say(`ticket ${index + 1}: from epoch ${event.epoch}, ${percent(event.validAccuracy ?? Number.NaN)} on validation`);
      }
      if (event.type === 'epoch') {
        const { epoch, of, phase, loss, accuracy, validAccuracy = Number.NaN } = event;
        bar.say(`${label}: epoch ${epoch}/${of} ${phase}: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}, validation ${percent(validAccuracy)}, ${durationText(event.seconds)}`);
      }
      await at.log.append(at.member, event);
    }
  } finally {
    bar.stop();
  }
  return seconds;
}

function infoOf({ record, data }: Run, metrics: Readonly<Record<string, number>>): TicketInfo {
  const { experiment, experimentHash: hash } = record;
  return {
    classes: data.dataset.classes,
    normalization: data.dataset.normalization,
    metrics,
    provenance: { method: experiment.method, seed: experiment.seed, experiment: hash, data: record.data.hash, engine: record.engine, freetickets: record.freetickets },
  };
}

function planText({ record, net, plans, engine, data }: Run, cost: PlanCost): string {
  const { experiment: e } = record;
  const epochs = plans.reduce((sum, plan) => sum + plan.phases.reduce((a, phase) => a + phase.epochs, 0), 0);
  const sparse = e.method === 'dense' ? 'dense' : `sparsity ${e.sparsity}`;
  return [
    `${e.method} on ${data.dataset.name}: ${net.spec.name}, ${e.tickets} ticket${e.tickets > 1 ? 's' : ''}, ${sparse}, ${epochs} epochs of ${data.train.size} samples, engine ${engine.name}`,
    `cost: training ${flopsText(cost.trainingFlops)}, ${cost.trainingVersusDense.toFixed(3)} of one dense training of ${plans[0]!.denseEpochs} epochs; one prediction ${cost.inferenceVersusDense.toFixed(3)} of one dense network`,
  ].join('\n');
}

export function trainText(result: TrainResult): string {
  if (!result.finished) return `stopped; go on with: freetickets train --resume ${result.run}`;
  return [
    `${result.tickets.length} tickets in ${result.run} after ${durationText(result.seconds)} of training`,
    `next: freetickets evaluate ${result.run}`,
  ].join('\n');
}
