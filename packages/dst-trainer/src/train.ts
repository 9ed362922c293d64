/**
 * The order of events of a run, and nothing else: steps, rewirings, epochs, tickets, phases, checkpoints. What a step computes is the engine's
 * business, which weights come and go the rules', and when is the plan's.
 */
import {
  type Batch,
  type Engine,
  type ModelState,
  type Network,
  type Session,
  type Source,
  SparseError,
  valueAt,
} from '@freetickets/sparse-core';
import { checkRun } from './check-run.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type { CheckpointEvent, EpochEvent, PhaseEvent, ProgressEvent, RewiredEvent, TicketEvent, TrainEvent } from './events.ts';
import { type Explored, explored } from './explored.ts';
import { pace } from './pace.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { needsOf, rewireSession } from './rewire-session.ts';
import { type EpochSums, epochsBefore, freshState, NO_SUMS, type TicketCandidate, type TrainState } from './train-state.ts';
import { type Due, whenToRewire } from './when-to-rewire.ts';

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
  const start = run.resume ?? freshState(network, plan, run.seed);
  if (start.phase === plan.phases.length) return [];
  const options = { batchSize: plan.batchSize, optimizer: plan.optimizer, signals, ...(threads !== undefined && { threads }) };
  await using session = await engine.open(network, start.model, options);
  const training = new Training(run, session, start, stepsPerEpoch);
  yield* training.events();
  return training.handedOut;
}

class Training {
  readonly handedOut: ModelState[] = [];
  readonly #run: TrainRun;
  readonly #session: Session;
  readonly #stepsPerEpoch: number;
  readonly #totalEpochs: number;
  readonly #explored: Explored;
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

  constructor(run: TrainRun, session: Session, start: TrainState, stepsPerEpoch: number) {
    this.#run = run;
    this.#session = session;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#totalEpochs = epochsBefore(run.plan, run.plan.phases.length);
    this.#explored = explored(run.network, start.model.topology, start.fired);
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
      const due = whenToRewire(this.#now, this.#step + 1, this.#stepsInPhase + 1, this.#stepsPerEpoch);
      await this.#takeStep(batch, due);
      if (due) yield await this.#rewire(due);
      if (await this.#pace()) yield this.#progress();
      if (this.#aborted) return;
      // The end of an epoch brings a checkpoint of its own.
      if (checkpointEvery !== undefined && this.#step % checkpointEvery === 0 && !this.#epochIsOver) yield await this.#checkpoint();
      askedAt = performance.now();
    }
    if (!this.#epochIsOver) throw this.#wrongBatches(this.#batch);
  }

  async #takeStep(batch: Batch, due: Due | undefined): Promise<void> {
    const learningRate = this.#learningRateOf(this.#stepsInPhase + 1);
    const keep = due ? needsOf(due.rewiring) : [];
    const { loss, correct } = await this.#session.trainStep(batch, { learningRate, keep, update: due?.update ?? true });
    this.#step++;
    this.#batch++;
    if (!Number.isFinite(loss)) {
      const hint = `The learning rate was ${learningRate}; lower it and start again, or resume from an earlier checkpoint`;
      throw new SparseError('NON_FINITE', `phase ${this.#now.name}, step ${this.#step}: loss`, 'a finite number', loss, hint);
    }
    const sums = this.#sums;
    this.#sums = { loss: sums.loss + loss * batch.size, correct: sums.correct + correct, seen: sums.seen + batch.size };
  }

  async #rewire({ cause, rewiring, fraction }: Due): Promise<RewiredEvent> {
    const moment = { seed: this.#run.seed, step: this.#step };
    const { deltas, layers } = await rewireSession(this.#session, rewiring, fraction, moment);
    for (const delta of deltas) this.#explored.add(delta);
    const exploration = this.#explored.rate();
    return { type: 'rewired', phase: this.#now.name, step: this.#step, cause, fraction, exploration, layers, deltas };
  }

  async #validate(): Promise<Evaluation | undefined | 'aborted'> {
    const { data, plan } = this.#run;
    if (!data.valid) return undefined;
    const goOn = async () => {
      await this.#pace();
      return !this.#aborted;
    };
    return (await evaluate(this.#session, data.valid, plan.batchSize, goOn)) ?? 'aborted';
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
    this.#best = undefined;
    this.#epoch = 0;
    this.#phase++;
  }

  /** Keeps the present state if the phase would hand it out were it to end here. */
  async #considerTicket(valid: Evaluation | undefined): Promise<void> {
    const { ticket, epochs } = this.#now;
    if (!ticket) return;
    const wanted = ticket === 'best-validation' && valid ? valid.accuracy > (this.#best?.validAccuracy ?? -1) : this.#epoch + 1 === epochs;
    if (!wanted) return;
    const { momentum: _, ...state } = await this.#session.snapshot();
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
      model: await this.#session.snapshot(),
      step: this.#step,
      phase: this.#phase,
      epoch: this.#epoch,
      batch: this.#batch,
      sums: this.#sums,
      ...(this.#best && { best: this.#best }),
      tickets: this.#tickets,
      fired: this.#explored.fired(),
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
