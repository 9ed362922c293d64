/**
 * The order of events of a run, and nothing else: steps, rewirings, epochs, tickets, phases, checkpoints. What a step computes is the engine's
 * business, which weights come and go the rules', and when is the plan's.
 */
import {
  type Batch,
  type Engine,
  type ModelState,
  type Network,
  rng,
  type Source,
  SparseError,
  withoutMoments,
} from '@freetickets/sparse-core';
import { checkRun } from './check-run.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type {
  CheckpointEvent,
  EpochEvent,
  FaultEvent,
  PhaseEvent,
  ProgressEvent,
  RewiredEvent,
  StoppedEvent,
  TicketEvent,
  TrainEvent,
} from './events.ts';
import {
  deadError,
  deadIn,
  type FaultCount,
  faultError,
  faultOf,
  MOST_ROLLED_BACK,
  MOST_SKIPPED,
  NO_FAULTS,
  type StepFault,
} from './guard.ts';
import { learningRateOf } from './learning-rate.ts';
import { measuredDistribution } from './measured-distribution.ts';
import { plainQuestions, sharedNetwork, sharedSource, ticketsOf } from './one-pass/shared-form.ts';
import { pace } from './pace.ts';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { ReopenableSession } from './reopenable-session.ts';
import { type Position, Rewirer, type StepOrder } from './rewirer.ts';
import { modelFrom } from './start-from.ts';
import { type EpochPosition, TicketKeeper } from './ticket-keeper.ts';
import { type EpochSums, freshState, NO_SUMS, startState, type TicketCandidate, type TrainState } from './train-state.ts';

export interface TrainRun {
  /** Of one member: what members share, and how, is the plan's to say. */
  readonly network: Network;
  readonly plan: Plan;
  /** `valid` chooses the best ticket of a phase; without it a phase hands out its last state. */
  readonly data: { readonly train: Source; readonly valid?: Source };
  readonly engine: Engine;
  /** Keys every random draw of the run. Members of an ensemble of independent runs need different ones. */
  readonly seed: number;
  /** Default: the engine's choice. */
  readonly threads?: number;
  /** Starts with the values and the topology of this model, of the same network and as sparse as the plan starts. Default: fresh ones. */
  readonly from?: ModelState;
  /** A moment of the same run, from one of its `checkpoint` events. */
  readonly resume?: TrainState;
  /** When it aborts, the run ends its step, yields a last `checkpoint` and returns. */
  readonly signal?: AbortSignal;
  /** Pictures whose logits every `epoch` event carries, as `probed`. */
  readonly probe?: { readonly images: Float32Array; readonly size: number };
  /** Steps between `checkpoint` events, besides the one after each epoch. */
  readonly checkpointEvery?: number;
}

/**
 * Runs a plan. `break` out of the loop to stop without a checkpoint.
 * @returns the tickets that this call handed out; those from before a resumption are not among them
 * @throws SparseError INVALID_ARGUMENT, SHAPE_MISMATCH or ENGINE_LACKS_SIGNAL before the first step; NON_FINITE when the loss is no number, DEAD_LAYER when nothing lives in a layer, unless
 *   the plan's guard says otherwise
 * @example for await (const event of train({ network, plan, data, engine, seed: 17 })) if (event.type === 'epoch') console.log(event.loss);
 */
export async function* train(given: TrainRun): AsyncGenerator<TrainEvent, readonly ModelState[]> {
  const { plan, engine, threads } = given;
  const network = sharedNetwork(given.network, plan.onePass);
  const data = { ...given.data, train: sharedSource(given.data.train, network, plan.onePass) };
  const run = { ...given, network, data };
  const stepsPerEpoch = Math.ceil(data.train.size / plan.batchSize);
  const signals = checkRun(given, network, stepsPerEpoch);
  const start = run.resume ?? (await firstState(run));
  if (start.phase === plan.phases.length) return [];
  const { batchSize, optimizer, loss } = plan;
  const deadMomentum = plan.profile?.deadMomentum === 'gathers';
  const options = { batchSize, optimizer, signals, deadMomentum, ...(loss && { loss }), ...(threads !== undefined && { threads }) };
  await using session = await ReopenableSession.open(engine, network, start.model, options);
  const handedOut: ModelState[] = [];
  for (let state: TrainState | undefined = start; state; ) {
    const training: Training = new Training(run, session, state, stepsPerEpoch, handedOut);
    yield* training.events();
    state = training.backTo;
    if (state) await session.reopen(state.model);
  }
  return handedOut;
}

async function firstState(run: TrainRun): Promise<TrainState> {
  const { network, plan, data, seed, from } = run;
  if (from) return startState(network, plan, seed, modelFrom(from, network));
  if (!plan.ratios) return freshState(network, plan, seed);
  for await (const batch of data.train.batches({ batchSize: plan.batchSize, shuffle: { seed, epoch: 1 } }))
    return freshState(network, plan, seed, await measuredDistribution(plan.ratios, { ...run, batch }));
  throw new SparseError('INVALID_ARGUMENT', 'data.train', 'a first batch', 'none');
}

class Training {
  /** Where the run goes back to, if it ended so. */
  backTo: TrainState | undefined;
  readonly #handedOut: ModelState[];
  readonly #run: TrainRun;
  readonly #session: ReopenableSession;
  readonly #stepsPerEpoch: number;
  readonly #totalEpochs: number;
  readonly #rewirer: Rewirer;
  readonly #keeper: TicketKeeper;
  readonly #pace = pace();
  readonly #startedAt = performance.now();
  readonly #earlierSeconds: number;
  #phase: number;
  #epoch: number;
  #batch: number;
  #step: number;
  #sums: EpochSums;
  /** What later phases go back to. */
  #early: ModelState | undefined;
  #tickets: number;
  #faults: FaultCount;
  #lastCheckpoint: TrainState;
  /** Spent on batches that were not there yet, in this epoch. */
  #waitedMs = 0;

  constructor(run: TrainRun, session: ReopenableSession, start: TrainState, stepsPerEpoch: number, handedOut: ModelState[]) {
    this.#run = run;
    this.#handedOut = handedOut;
    this.#session = session;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#totalEpochs = epochsBefore(run.plan, run.plan.phases.length);
    this.#rewirer = new Rewirer(run, session, start, stepsPerEpoch);
    this.#keeper = new TicketKeeper(run, session, start, stepsPerEpoch);
    this.#earlierSeconds = start.elapsedSeconds;
    this.#phase = start.phase;
    this.#epoch = start.epoch;
    this.#batch = start.batch;
    this.#step = start.step;
    this.#sums = start.sums;
    this.#early = start.early;
    this.#tickets = start.tickets;
    this.#faults = start.faults ?? NO_FAULTS;
    this.#lastCheckpoint = start;
  }

  async *events(): AsyncGenerator<TrainEvent, void> {
    let aborted = this.#aborted;
    if (aborted) yield await this.#checkpoint();
    if (this.#step === 0) yield* this.#guardLayers((await this.#session.now.snapshot()).topology);
    while (!aborted && this.#phase < this.#run.plan.phases.length) {
      if (this.#epoch === 0 && this.#batch === 0) yield* this.#beginPhase();
      yield* this.#now.epochs === 0 ? this.#endAtOnce() : this.#restOfEpoch();
      if (this.backTo) return;
      yield await this.#checkpoint();
      aborted = this.#aborted;
    }
  }

  async *#restOfEpoch(): AsyncGenerator<TrainEvent, void> {
    yield* this.#steps();
    if (this.backTo) return;
    const validation = this.#aborted ? 'aborted' : await this.#validate(() => !this.#aborted);
    if (validation !== 'aborted') yield* this.#endEpoch(validation);
  }

  /** Of a phase without epochs. Nothing interrupts it, for a checkpoint could not tell that its opening is over. */
  async *#endAtOnce(): AsyncGenerator<TrainEvent, void> {
    const valid = await this.#validate(() => true);
    const at = { phase: this.#phase, epoch: 0, ofPlan: this.#epochOfPlan - 1 };
    if (valid !== 'aborted') await this.#keeper.afterEpoch(at, valid);
    yield* this.#endPhase(at);
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
      const fault = await this.#takeStep(batch, order);
      if (fault) yield this.#faulted(fault, order);
      else yield* this.#noticed(this.#rewirer.afterStep(order));
      if (this.backTo) return;
      await this.#keeper.afterStep(order.at);
      if (await this.#pace()) yield this.#progress();
      if (this.#aborted) return;
      // The end of an epoch brings a checkpoint of its own.
      if (checkpointEvery !== undefined && this.#step % checkpointEvery === 0 && !this.#epochIsOver) yield await this.#checkpoint();
      askedAt = performance.now();
    }
    if (!this.#epochIsOver) throw this.#wrongBatches(this.#batch);
  }

  /** Rewirings, with what they mean for the tickets. */
  async *#noticed(rewirings: AsyncIterable<RewiredEvent>): AsyncGenerator<RewiredEvent | FaultEvent, void> {
    for await (const event of rewirings) {
      this.#keeper.rewired(event.deltas);
      yield event;
      yield* this.#guardLayers(new Map(event.layers.map(({ param, liveAfter }) => [param, { live: { length: liveAfter } }])));
    }
  }

  /** @returns why the step was not taken, if it was not; its batch counts all the same */
  async #takeStep(batch: Batch, { due, keep }: StepOrder): Promise<StepFault | undefined> {
    const { seed, plan } = this.#run;
    const learningRate = this.#learningRateAt(1);
    const dropoutSeed = rng(seed).stream('dropout', this.#step).uint32();
    const guard = plan.guard && { guard: { maxNorm: plan.guard.maxGradientNorm } };
    const result = await this.#session.now.trainStep(batch, { learningRate, keep, update: due?.update ?? true, dropoutSeed, ...guard });
    this.#step++;
    this.#batch++;
    const fault = faultOf(result);
    if (fault) return fault;
    if (this.#faults.skipped > 0) this.#faults = { ...this.#faults, skipped: 0 };
    const sums = this.#sums;
    this.#sums = { loss: sums.loss + result.loss * batch.size, correct: sums.correct + result.correct, seen: sums.seen + batch.size };
    return undefined;
  }

  /** @throws SparseError NON_FINITE where the run does not go on by itself */
  #faulted(fault: StepFault, { leap }: StepOrder): FaultEvent {
    const { guard } = this.#run.plan;
    const { skipped, rolledBack } = this.#faults;
    const told = { type: 'fault', phase: this.#now.name, step: this.#step, cause: fault.cause, value: String(fault.value) } as const;
    // An escape at the end of the phase would read the gradients of this step.
    if (guard?.action === 'skip' && skipped < MOST_SKIPPED && !leap) {
      this.#faults = { skipped: skipped + 1, rolledBack };
      return { ...told, action: 'skip' };
    }
    if (guard?.action === 'roll-back' && rolledBack < MOST_ROLLED_BACK) {
      const last = this.#lastCheckpoint;
      this.backTo = { ...last, faults: { skipped: 0, rolledBack: rolledBack + 1 }, elapsedSeconds: this.#seconds };
      return { ...told, action: 'roll-back', backTo: last.step };
    }
    throw faultError(fault, `phase ${this.#now.name}, step ${this.#step}`, this.#learningRateAt(0), guard ?? {});
  }

  *#guardLayers(topology: Parameters<typeof deadIn>[0]): Generator<FaultEvent, void> {
    const params = deadIn(topology);
    if (params.length === 0) return;
    const { name: phase } = this.#now;
    if (this.#run.plan.guard?.action !== 'skip') throw deadError(params[0]!, `phase ${phase}, step ${this.#step}`);
    yield { type: 'fault', phase, step: this.#step, cause: 'dead-layer', params, action: 'skip' };
  }

  async #validate(goesOn: () => boolean): Promise<Evaluation | undefined | 'aborted'> {
    const { data, plan } = this.#run;
    if (!data.valid) return undefined;
    const goOn = async () => {
      await this.#pace();
      return goesOn();
    };
    return (await evaluate(plainQuestions(this.#session.now, plan.onePass), data.valid, plan.batchSize, goOn)) ?? 'aborted';
  }

  async *#endEpoch(valid: Evaluation | undefined): AsyncGenerator<TrainEvent, void> {
    yield { ...this.#epochEvent(valid), ...(await this.#probed()) };
    const at = { phase: this.#phase, epoch: this.#epoch + 1, ofPlan: this.#epochOfPlan };
    const bestOfStalled = await this.#keeper.afterEpoch(at, valid);
    if (bestOfStalled !== undefined) yield this.#stopped(at, bestOfStalled);
    this.#sums = NO_SUMS;
    this.#waitedMs = 0;
    this.#batch = 0;
    this.#epoch++;
    if (this.#epochOfPlan - 1 === this.#run.plan.rewindTo) this.#early = withoutMoments(await this.#session.now.snapshot());
    if (this.#epoch === this.#now.epochs) yield* this.#endPhase(at);
  }

  async *#endPhase(at: EpochPosition): AsyncGenerator<TrainEvent, void> {
    const ticket = await this.#keeper.afterPhase(at);
    if (ticket) yield* this.#handOut(ticket);
    yield* this.#noticed(this.#rewirer.afterPhase(this.#position(0)));
    this.#epoch = 0;
    this.#phase++;
  }

  /** Leaves out the rest of the phase. */
  #stopped({ epoch, ofPlan }: EpochPosition, validAccuracy: number): StoppedEvent {
    const { name, epochs } = this.#now;
    this.#step += (epochs - epoch) * this.#stepsPerEpoch;
    this.#epoch = epochs - 1;
    return { type: 'stopped', phase: name, epoch: ofPlan, planned: ofPlan + epochs - epoch, validAccuracy };
  }

  *#handOut(candidate: TicketCandidate): Generator<TicketEvent, void> {
    for (const state of ticketsOf(candidate.state, this.#run.plan.onePass)) {
      this.#handedOut.push(state);
      yield { type: 'ticket', index: this.#tickets++, phase: this.#now.name, ...candidate, state };
    }
  }

  async *#beginPhase(): AsyncGenerator<PhaseEvent | RewiredEvent | FaultEvent, void> {
    const { name, epochs } = this.#now;
    const { phases } = this.#run.plan;
    yield { type: 'phase', phase: name, index: this.#phase, of: phases.length, epochs, step: this.#step };
    yield* this.#noticed(this.#rewirer.opening(this.#position(0), this.#early));
    if (!phases.slice(this.#phase + 1).some(({ opening }) => opening?.rewind)) this.#early = undefined;
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
      learningRate: this.#learningRateAt(0),
      seconds: this.#seconds,
      waitedSeconds: this.#waitedMs / 1000,
    };
  }

  async #probed(): Promise<Pick<EpochEvent, 'probed'>> {
    const { probe, plan } = this.#run;
    return probe ? { probed: await plainQuestions(this.#session.now, plan.onePass).predict(probe.images, probe.size) } : {};
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
      ...this.#keeper.memory(),
      ...(this.#early && { early: this.#early }),
      tickets: this.#tickets,
      ...this.#rewirer.memory(),
      ...(this.#faults !== NO_FAULTS && { faults: this.#faults }),
      elapsedSeconds: this.#seconds,
    };
    this.#lastCheckpoint = state;
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

  /** Of the step so many ahead of the last one taken. */
  #learningRateAt(ahead: number): number {
    return learningRateOf(this.#run.plan, this.#phase, this.#stepsInPhase + ahead, this.#stepsPerEpoch) / 2 ** this.#faults.rolledBack;
  }
}
