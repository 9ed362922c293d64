/**
 * The order of events of a run, and nothing else: steps, rewirings, epochs, tickets, phases, checkpoints. What a step computes is the engine's
 * business, which weights come and go the rules', and when is the plan's.
 */
import { type Batch, type Engine, type ModelState, type Network, type Source, SparseError, valueAt } from '@freetickets/sparse-core';
import { checkRun } from './check-run.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type { CheckpointEvent, EpochEvent, PhaseEvent, ProgressEvent, TicketEvent, TrainEvent } from './events.ts';
import { measuredDistribution } from './measured-distribution.ts';
import { pace } from './pace.ts';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { CLEAN, type Profile } from './profile.ts';
import { ReopenableSession } from './reopenable-session.ts';
import { type Position, Rewirer, type StepOrder } from './rewirer.ts';
import { type EpochSums, freshState, NO_SUMS, type TicketCandidate, type TrainState } from './train-state.ts';

export interface TrainRun {
  readonly network: Network;
  readonly plan: Plan;
  /** `valid` chooses the best ticket of a phase; without it a phase hands out its last state. */
  readonly data: { readonly train: Source; readonly valid?: Source };
  readonly engine: Engine;
  /** Keys every random draw of the run. Members of an ensemble of independent runs need different ones. */
  readonly seed: number;
  /** Default: the engine's choice. */
  readonly threads?: number;
  /** A moment of the same run, from one of its `checkpoint` events. */
  readonly resume?: TrainState;
  /** When it aborts, the run ends its step, yields a last `checkpoint` and returns. */
  readonly signal?: AbortSignal;
  /** Steps between `checkpoint` events, besides the one after each epoch. */
  readonly checkpointEvery?: number;
}

/**
 * Runs a plan. `break` out of the loop to stop without a checkpoint.
 * @returns the tickets that this call handed out; those from before a resumption are not among them
 * @throws SparseError INVALID_ARGUMENT, SHAPE_MISMATCH or ENGINE_LACKS_SIGNAL before the first step; NON_FINITE when the loss is no number
 * @example for await (const event of train({ network, plan, data, engine, seed: 17 })) if (event.type === 'epoch') console.log(event.loss);
 */
export async function* train(run: TrainRun): AsyncGenerator<TrainEvent, readonly ModelState[]> {
  const { network, plan, data, engine, threads } = run;
  const stepsPerEpoch = Math.ceil(data.train.size / plan.batchSize);
  const signals = checkRun(run, stepsPerEpoch);
  const start = run.resume ?? (await firstState(run));
  if (start.phase === plan.phases.length) return [];
  const options = { batchSize: plan.batchSize, optimizer: plan.optimizer, signals, ...(threads !== undefined && { threads }) };
  await using session = await ReopenableSession.open(engine, network, start.model, options);
  const training = new Training(run, session, start, stepsPerEpoch);
  yield* training.events();
  return training.handedOut;
}

async function firstState(run: TrainRun): Promise<TrainState> {
  const { network, plan, data, seed } = run;
  if (!plan.ratios) return freshState(network, plan, seed);
  for await (const batch of data.train.batches({ batchSize: plan.batchSize, shuffle: { seed, epoch: 1 } }))
    return freshState(network, plan, seed, await measuredDistribution(plan.ratios, { ...run, batch }));
  throw new SparseError('INVALID_ARGUMENT', 'data.train', 'a first batch', 'none');
}

class Training {
  readonly handedOut: ModelState[] = [];
  readonly #run: TrainRun;
  readonly #session: ReopenableSession;
  readonly #profile: Profile;
  readonly #stepsPerEpoch: number;
  readonly #totalEpochs: number;
  readonly #rewirer: Rewirer;
  readonly #pace = pace();
  readonly #startedAt = performance.now();
  readonly #earlierSeconds: number;
  #phase: number;
  #epoch: number;
  #batch: number;
  #step: number;
  #sums: EpochSums;
  #best: TicketCandidate | undefined;
  #tickets: number;
  /** Spent on batches that were not there yet, in this epoch. */
  #waitedMs = 0;

  constructor(run: TrainRun, session: ReopenableSession, start: TrainState, stepsPerEpoch: number) {
    this.#run = run;
    this.#session = session;
    this.#profile = run.plan.profile ?? CLEAN;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#totalEpochs = epochsBefore(run.plan, run.plan.phases.length);
    this.#rewirer = new Rewirer(run, session, start, stepsPerEpoch);
    this.#earlierSeconds = start.elapsedSeconds;
    this.#phase = start.phase;
    this.#epoch = start.epoch;
    this.#batch = start.batch;
    this.#step = start.step;
    this.#sums = start.sums;
    this.#best = start.best;
    this.#tickets = start.tickets;
  }

  async *events(): AsyncGenerator<TrainEvent, void> {
    let aborted = this.#aborted;
    if (aborted) yield await this.#checkpoint();
    while (!aborted && this.#phase < this.#run.plan.phases.length) {
      if (this.#epoch === 0 && this.#batch === 0) yield this.#phaseBegins();
      yield* this.#steps();
      const validation = this.#aborted ? 'aborted' : await this.#validate();
      if (validation !== 'aborted') yield* this.#endEpoch(validation);
      yield await this.#checkpoint();
      aborted = validation === 'aborted' || this.#aborted;
    }
  }

  /** The steps left in the epoch, or fewer if the run is aborted. */
  async *#steps(): AsyncGenerator<TrainEvent, void> {
    if (this.#epochIsOver) return;
    const { data, plan, seed, checkpointEvery } = this.#run;
    const pass = data.train.batches({ batchSize: plan.batchSize, shuffle: { seed, epoch: this.#epochOfPlan }, from: this.#batch });
    let askedAt = performance.now();
    for await (const batch of pass) {
      this.#waitedMs += performance.now() - askedAt;
      if (this.#epochIsOver) throw this.#wrongBatches('more');
      const order = this.#rewirer.orderFor(this.#position(1));
      await this.#takeStep(batch, order);
      yield* this.#rewirer.afterStep(order);
      if (await this.#pace()) yield this.#progress();
      if (this.#aborted) return;
      // The end of an epoch brings a checkpoint of its own.
      if (checkpointEvery !== undefined && this.#step % checkpointEvery === 0 && !this.#epochIsOver) yield await this.#checkpoint();
      askedAt = performance.now();
    }
    if (!this.#epochIsOver) throw this.#wrongBatches(this.#batch);
  }

  async #takeStep(batch: Batch, { due, keep }: StepOrder): Promise<void> {
    const learningRate = this.#learningRateOf(this.#stepsInPhase + 1);
    const { loss, correct } = await this.#session.now.trainStep(batch, { learningRate, keep, update: due?.update ?? true });
    this.#step++;
    this.#batch++;
    if (!Number.isFinite(loss)) {
      const hint = `The learning rate was ${learningRate}; lower it and start again, or resume from an earlier checkpoint`;
      throw new SparseError('NON_FINITE', `phase ${this.#now.name}, step ${this.#step}: loss`, 'a finite number', loss, hint);
    }
    const sums = this.#sums;
    this.#sums = { loss: sums.loss + loss * batch.size, correct: sums.correct + correct, seen: sums.seen + batch.size };
  }

  async #validate(): Promise<Evaluation | undefined | 'aborted'> {
    const { data, plan } = this.#run;
    if (!data.valid) return undefined;
    const goOn = async () => {
      await this.#pace();
      return !this.#aborted;
    };
    return (await evaluate(this.#session.now, data.valid, plan.batchSize, goOn)) ?? 'aborted';
  }

  async *#endEpoch(valid: Evaluation | undefined): AsyncGenerator<TrainEvent, void> {
    const phase = this.#now;
    yield this.#epochEvent(valid);
    await this.#considerTicket(valid);
    this.#sums = NO_SUMS;
    this.#waitedMs = 0;
    this.#batch = 0;
    this.#epoch++;
    if (this.#epoch < phase.epochs) return;
    if (phase.ticket) yield this.#handOutTicket();
    if (phase.ticket || this.#profile.best === 'of-phase') this.#best = undefined;
    yield* this.#rewirer.afterPhase(this.#position(0));
    this.#epoch = 0;
    this.#phase++;
  }

  /** Keeps the present state if the phase would hand it out were it to end here. */
  async #considerTicket(valid: Evaluation | undefined): Promise<void> {
    const { epochs, pruning } = this.#now;
    const ticket = this.#ticketWanted;
    if (!ticket || (pruning && this.#epoch + 1 < pruning.sparsity.over)) return;
    const wanted = ticket === 'best-validation' && valid ? valid.accuracy > (this.#best?.validAccuracy ?? -1) : this.#epoch + 1 === epochs;
    if (!wanted) return;
    const { momentum: _, ...state } = await this.#session.now.snapshot();
    this.#best = { state, epoch: this.#epochOfPlan, ...(valid && { validAccuracy: valid.accuracy }) };
  }

  #handOutTicket(): TicketEvent {
    const candidate = this.#best!; // the last epoch of the phase made one at the latest
    this.handedOut.push(candidate.state);
    return { type: 'ticket', index: this.#tickets++, phase: this.#now.name, ...candidate };
  }

  #phaseBegins(): PhaseEvent {
    const { name, epochs } = this.#now;
    return { type: 'phase', phase: name, index: this.#phase, of: this.#run.plan.phases.length, epochs, step: this.#step };
  }

  #progress(): ProgressEvent {
    const { loss, seen } = this.#sums;
    const totalSteps = this.#totalEpochs * this.#stepsPerEpoch;
    return { type: 'progress', phase: this.#now.name, epoch: this.#epochOfPlan, step: this.#step, totalSteps, loss: loss / seen };
  }

  #epochEvent(valid: Evaluation | undefined): EpochEvent {
    const { loss, correct, seen } = this.#sums;
    return {
      type: 'epoch',
      phase: this.#now.name,
      epoch: this.#epochOfPlan,
      of: this.#totalEpochs,
      step: this.#step,
      loss: loss / seen,
      accuracy: correct / seen,
      ...(valid && { validLoss: valid.loss, validAccuracy: valid.accuracy }),
      learningRate: this.#learningRateOf(this.#stepsInPhase),
      seconds: this.#seconds,
      waitedSeconds: this.#waitedMs / 1000,
    };
  }

  async #checkpoint(): Promise<CheckpointEvent> {
    const state: TrainState = {
      seed: this.#run.seed,
      model: await this.#session.now.snapshot(),
      step: this.#step,
      phase: this.#phase,
      epoch: this.#epoch,
      batch: this.#batch,
      sums: this.#sums,
      ...(this.#best && { best: this.#best }),
      tickets: this.#tickets,
      ...this.#rewirer.memory(),
      elapsedSeconds: this.#seconds,
    };
    return { type: 'checkpoint', state };
  }

  #wrongBatches(received: unknown): SparseError {
    const { data, plan } = this.#run;
    const expected = `${this.#stepsPerEpoch} batches for ${data.train.size} samples in batches of ${plan.batchSize}`;
    return new SparseError('INVALID_ARGUMENT', `data.train: epoch ${this.#epochOfPlan}`, expected, received);
  }

  get #now(): Phase {
    return this.#run.plan.phases[this.#phase]!;
  }

  /** Of the phase or, where a profile lets a phase without a ticket compete for the next one, of that. */
  get #ticketWanted(): Phase['ticket'] {
    const next = this.#profile.best === 'carried-over' ? this.#run.plan.phases[this.#phase + 1]?.ticket : undefined;
    return this.#now.ticket ?? (next === 'best-validation' ? next : undefined);
  }

  get #aborted(): boolean {
    return this.#run.signal?.aborted ?? false;
  }

  get #epochIsOver(): boolean {
    return this.#batch === this.#stepsPerEpoch;
  }

  /** Counted from 1 over the whole plan. */
  get #epochOfPlan(): number {
    return epochsBefore(this.#run.plan, this.#phase) + this.#epoch + 1;
  }

  /** Where the run stands, or will after so many steps more. */
  #position(ahead: number): Position {
    return { phase: this.#phase, step: this.#step + ahead, stepInPhase: this.#stepsInPhase + ahead };
  }

  get #stepsInPhase(): number {
    return this.#epoch * this.#stepsPerEpoch + this.#batch;
  }

  get #seconds(): number {
    return this.#earlierSeconds + (performance.now() - this.#startedAt) / 1000;
  }

  /** @param stepInPhase counted from 1; its learning rate is that of the time at which it begins */
  #learningRateOf(stepInPhase: number): number {
    return valueAt(this.#now.learningRate, (stepInPhase - 1) / this.#stepsPerEpoch);
  }
}
