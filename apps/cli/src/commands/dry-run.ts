/** `freetickets train --dry-run`: what a run would be, cost and take, without making one. A few steps are taken to time them, and forgotten. */
import { prefetch } from '@freetickets/datasets';
import { epochFlops, type Plan, type PlanCost, type PlannedPhase, planCalendar, stepsPerEpoch, train } from '@freetickets/dst-trainer';
import { bytesText } from '@freetickets/sparse-core';
import { tellNotes } from '../engines.ts';
import type { Experiment } from '../experiment-fields.ts';
import { peakMemory } from '../machine.ts';
import { epochsOf, ticketsOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { counted, durationText, table } from '../text.ts';
import { costOf, type Loaded, loadRun, planText } from './train.ts';

export interface DryRun {
  readonly experiment: Experiment;
  readonly engine: string;
  readonly tickets: number;
  readonly samples: { readonly train: number; readonly valid: number; readonly test: number };
  /** Independent runs, each with the phases below. */
  readonly runs: number;
  readonly phases: readonly PlannedPhase[];
  readonly cost: PlanCost;
  readonly memory: {
    /** The most that this process held while it took those steps: pictures, network and Node. */
    readonly peakBytes: number;
    readonly picturesBytes: number;
  };
  readonly time: Timing & {
    /** Of the whole training, as things are now: steps and validation; rewirings and checkpoints are not counted. */
    readonly seconds: number;
  };
  /** As people read the plan. */
  readonly plan: string;
}

interface Timing {
  /** As the run begins. */
  readonly secondsPerStep: number;
  /** Steps that were timed. */
  readonly steps: number;
}

/** @throws SparseError whatever `train` would have thrown before its first step */
export async function dryRun(
  wanted: Experiment,
  talk: Talk,
  { out, signal }: { readonly out?: string | undefined; readonly signal?: AbortSignal } = {},
): Promise<DryRun> {
  if (out !== undefined) await RunFolder.checkFree(out);
  const prepared = await loadRun(wanted, talk, signal);
  tellNotes(talk.say);
  const { experiment, data, plans, computing } = prepared;
  const samples = { train: data.train.size, valid: data.valid.size, test: data.test.size };
  const timed = await timeSteps(prepared, signal);
  const perEpoch = stepsPerEpoch(plans[0]!, samples.train);
  const training = (await secondsByEpoch(prepared, timed, signal)).reduce((sum, seconds) => sum + perEpoch * seconds, 0);
  return {
    experiment,
    engine: computing.engine.name,
    tickets: ticketsOf(plans),
    samples,
    runs: plans.length,
    phases: planCalendar(plans[0]!, perEpoch),
    cost: costOf(prepared),
    memory: { peakBytes: peakMemory(), picturesBytes: data.dataset.train.images.byteLength + data.dataset.test.images.byteLength },
    time: { ...timed, seconds: training * (1 + FORWARD * (samples.valid / samples.train)) },
    plan: planText(prepared),
  };
}

/** A step goes forward once and backward twice, validation only forward. */
const FORWARD = 1 / 3;

/**
 * Seconds of a step in each epoch, over all plans. Where weights are pruned on the way, steps as the run begins and steps at its sparsity are
 * timed, and those between lie on the line through both, over FLOPs.
 */
async function secondsByEpoch({ plans, ...prepared }: Loaded, first: Timing, signal: AbortSignal | undefined): Promise<number[]> {
  const { net, data } = prepared;
  const [plan] = plans as [Plan];
  const flopsOf = (each: Plan) => epochFlops(net, each, data.train.size);
  const begin = flopsOf(plan)[0] ?? 0;
  const settled: Plan = { ...plan, phases: [{ name: 'as pruned', epochs: epochsOf(plan), learningRate: 0, rewiring: 'frozen' }] };
  const prunes = plan.phases.some(({ pruning, opening }) => pruning ?? opening?.prune);
  const last = prunes ? await timeSteps({ ...prepared, plans: [settled], startTicket: undefined }, signal) : first;
  const end = flopsOf(settled)[0]!;
  const slope = prunes && begin !== end ? (first.secondsPerStep - last.secondsPerStep) / (begin - end) : 0;
  return plans.flatMap((each) => flopsOf(each).map((flops) => first.secondsPerStep + slope * (flops - begin)));
}

const ENOUGH_MS = 1000;

/** The first steps of the run, without the very first, which fills caches and starts threads. */
async function timeSteps(
  { experiment, net, plans, data, computing, startTicket }: Loaded,
  signal: AbortSignal | undefined,
): Promise<Timing> {
  await using training = prefetch(data.train, { workers: experiment.loaderWorkers });
  const start = startTicket && { from: startTicket.state };
  const { patience: _, ...plan } = plans[0]!; // which would want validation data
  const events = train({ network: net, plan, data: { train: training }, ...computing, seed: experiment.seed, ...start });
  const perEpoch = stepsPerEpoch(plan, data.train.size);
  const begun = { step: 0, at: performance.now() };
  let [first, last] = [begun, begun];
  for await (const event of events) {
    signal?.throwIfAborted();
    if (event.type !== 'progress' && event.type !== 'epoch') continue;
    last = { step: event.type === 'progress' ? event.step : event.epoch * perEpoch, at: performance.now() };
    if (first === begun) first = last;
    if (last.step > first.step && last.at - first.at >= ENOUGH_MS) break;
  }
  const from = last.step > first.step ? first : begun; // a run of a single step has no other
  const steps = last.step - from.step;
  return { secondsPerStep: (last.at - from.at) / 1000 / steps, steps };
}

export function dryRunText({ plan, runs, phases, memory, time }: DryRun): string {
  const rate = ({ first, last }: PlannedPhase['learningRate']) => [
    ...new Set([first, last].map((each) => each.toPrecision(2)).map(Number)),
  ];
  const changes = ({ rewirings, prunings, escape: share }: PlannedPhase) =>
    [counted(rewirings, 'rewiring'), ...(prunings > 0 ? [counted(prunings, 'pruning')] : []), ...(share ? [`escape ${share}`] : [])]
      .filter((text) => text !== '0 rewirings')
      .join(', ') || '-';
  const rows = phases.map((phase) => [
    phase.name,
    String(phase.epochs),
    String(phase.steps),
    rate(phase.learningRate).join(' to '),
    changes(phase),
    phase.ticket ? 'yes' : '-',
  ]);
  return [
    plan,
    '',
    ...(runs > 1 ? [`${runs} independent runs, each:`] : []),
    table(['phase', 'epochs', 'steps', 'learning rate', 'topology', 'ticket'], rows),
    '',
    `memory: ${bytesText(memory.peakBytes)} (pictures: ${bytesText(memory.picturesBytes)})`,
    `time: about ${durationText(time.seconds)}, at ${(1000 * time.secondsPerStep).toPrecision(3)} ms a step (mean of ${time.steps}); rewirings come on top`,
    'nothing was trained; start it with the same command without --dry-run',
  ].join('\n');
}
