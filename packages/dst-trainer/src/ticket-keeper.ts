/**
 * What a run makes of the states of a phase: its ticket, which is the best of them, the last, or their average, and the verdict that
 * validation no longer rises. It keeps between steps what a checkpoint needs of that.
 */
import { type TopologyDelta, withoutMoments } from '@freetickets/sparse-core';
import { isSample } from './average-samples.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { averaged, type ModelAverage, withoutDropped } from './model-average.ts';
import { plainQuestions } from './one-pass/shared-form.ts';
import type { Phase } from './plans/plan.ts';
import { CLEAN } from './profile.ts';
import { reestimateNorms } from './reestimate-norms.ts';
import type { ReopenableSession } from './reopenable-session.ts';
import type { Position } from './rewirer.ts';
import type { TrainRun } from './train.ts';
import type { Rise, TicketCandidate, TrainState } from './train-state.ts';

/** An epoch that is over: `epoch` counted from 1 in its phase, `ofPlan` from 1 over the plan. */
export interface EpochPosition {
  readonly phase: number;
  readonly epoch: number;
  readonly ofPlan: number;
}

/** Batches that batch norm of an average is measured on, at most: 25 600 samples at the usual size. */
const NORM_BATCHES = 200;

export class TicketKeeper {
  readonly #run: TrainRun;
  readonly #session: ReopenableSession;
  readonly #stepsPerEpoch: number;
  #best: TicketCandidate | undefined;
  #mean: ModelAverage | undefined;
  #rise: Rise | undefined;

  constructor(run: TrainRun, session: ReopenableSession, start: TrainState, stepsPerEpoch: number) {
    this.#run = run;
    this.#session = session;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#best = start.best;
    this.#mean = start.mean;
    this.#rise = start.rise;
  }

  /** To be called for every change of the topology. */
  rewired(deltas: readonly TopologyDelta[]): void {
    if (this.#mean) this.#mean = withoutDropped(this.#mean, deltas);
  }

  /** To be called after a step and what it changed of the topology. */
  async afterStep({ phase: index, stepInPhase }: Position): Promise<void> {
    const { phases, averaging } = this.#run.plan;
    const { epochs, ticket } = phases[index]!;
    if (!averaging || !ticket || !isSample(averaging, stepInPhase, { epochs, stepsPerEpoch: this.#stepsPerEpoch })) return;
    this.#mean = averaged(this.#mean, await this.#session.now.snapshot(), averaging);
  }

  /**
   * Keeps the present state if the phase would hand it out were it to end here.
   * @returns the best accuracy if the phase ends before its time, for lack of a better one
   */
  async afterEpoch(at: EpochPosition, valid: Evaluation | undefined): Promise<number | undefined> {
    const { phases, patience } = this.#run.plan;
    const phase = phases[at.phase]!;
    if (phase.pruning && at.epoch < phase.pruning.sparsity.over) return undefined;
    if (patience !== undefined && phase.ticket && valid) this.#rise = risen(this.#rise, valid.accuracy);
    const stalls = at.epoch < phase.epochs && patience !== undefined && (this.#rise?.epochsSince ?? 0) >= patience;
    const ends = stalls || at.epoch === phase.epochs;
    const ticket = this.#ticketWanted(at.phase);
    const wanted = ticket === 'best-validation' && valid ? valid.accuracy > (this.#best?.validAccuracy ?? -1) : ticket && ends;
    if (wanted && !this.#run.plan.averaging) {
      const state = withoutMoments(await this.#session.now.snapshot());
      this.#best = { state, epoch: at.ofPlan, ...(valid && { validAccuracy: valid.accuracy }) };
    }
    return stalls ? this.#rise!.best : undefined;
  }

  /** The ticket of a phase, if it hands one out, as the phase ends with epoch `at`; then forgets what was of the phase only. */
  async afterPhase(at: EpochPosition): Promise<TicketCandidate | undefined> {
    const { plan } = this.#run;
    const { ticket } = plan.phases[at.phase]!;
    const candidate = ticket && (plan.averaging ? await this.#averageOf(at) : this.#best!); // the last epoch made one at the latest
    if (ticket || (plan.profile ?? CLEAN).best === 'of-phase') this.#best = undefined;
    this.#mean = undefined;
    this.#rise = undefined;
    return candidate;
  }

  /** What a checkpoint keeps of this. */
  memory(): Pick<TrainState, 'best' | 'mean' | 'rise'> {
    return { ...(this.#best && { best: this.#best }), ...(this.#mean && { mean: this.#mean }), ...(this.#rise && { rise: this.#rise }) };
  }

  /** The average with batch norm of its own, and how well it does. A phase that ended before its average began has its last state. */
  async #averageOf({ ofPlan: epoch }: EpochPosition): Promise<TicketCandidate> {
    const { plan, data, engine, network, seed, threads } = this.#run;
    const mean = this.#mean ?? averaged(undefined, await this.#session.now.snapshot(), plan.averaging!);
    const { batchSize } = plan;
    const options = { batchSize, batches: NORM_BATCHES, shuffle: { seed, epoch }, threads };
    const state = await reestimateNorms(engine, network, mean.state, data.train, options);
    if (!data.valid) return { state, epoch };
    await using session = await engine.open(network, state, { batchSize, ...(threads !== undefined && { threads }) });
    const valid = await evaluate(plainQuestions(session, plan.onePass), data.valid, batchSize, async () => true);
    return { state, epoch, ...(valid && { validAccuracy: valid.accuracy }) };
  }

  /** Of the phase or, where a profile lets a phase without a ticket compete for the next one, of that. */
  #ticketWanted(phase: number): Phase['ticket'] {
    const { phases, profile } = this.#run.plan;
    const next = profile?.best === 'carried-over' ? phases[phase + 1]?.ticket : undefined;
    return phases[phase]!.ticket ?? (next === 'best-validation' ? next : undefined);
  }
}

const risen = (before: Rise | undefined, accuracy: number): Rise =>
  before && accuracy <= before.best ? { best: before.best, epochsSince: before.epochsSince + 1 } : { best: accuracy, epochsSince: 0 };
