/**
 * The topology's part of a run: which steps change it, what the rules need to know for that, and the changes themselves. It keeps what must
 * outlive a step: what has ever lived, the averaged gradient, and the gradient that an escape at the end of a phase still reads.
 */
import { type ModelState, momentumOf, type ParamName, type Signal } from '@freetickets/sparse-core';
import { prunedTo } from './decide-pruning.ts';
import type { RewiredEvent } from './events.ts';
import { type Explored, explored } from './explored.ts';
import { type DenseArrays, gathered, gathers } from './gradient-average.ts';
import type { LayerChange } from './layer-change.ts';
import { openedState, openingChanges } from './open-phase.ts';
import { CLEAN } from './profile.ts';
import type { ReopenableSession } from './reopenable-session.ts';
import type { ReadSignals } from './rewire-order.ts';
import { pruneSession, rewireSession } from './rewire-session.ts';
import { needsOf, type Pruning, readsGradient } from './rewiring.ts';
import type { RuleSignals } from './rules/rule.ts';
import type { TrainRun } from './train.ts';
import type { TrainState } from './train-state.ts';
import { type Due, escapeAfter, prunes, whenToRewire } from './when-to-rewire.ts';

/** Where a step stands, counted from 1; `phase` is an index. */
export interface Position {
  readonly phase: number;
  readonly step: number;
  readonly stepInPhase: number;
}

/** What a step has to do besides learning. */
export interface StepOrder {
  readonly at: Position;
  readonly due?: Due | undefined;
  readonly pruning?: Pruning | undefined;
  /** The escape that follows the end of the phase, if this is its last step. */
  readonly leap?: Due | undefined;
  readonly gathering: boolean;
  readonly keep: readonly Signal[];
}

export class Rewirer {
  readonly #run: TrainRun;
  readonly #session: ReopenableSession;
  readonly #stepsPerEpoch: number;
  readonly #explored: Explored;
  /** Counts that were measured are not known any more when a run resumes. */
  readonly #budgets: ReadonlyMap<ParamName, number> | undefined;
  #average: DenseArrays | undefined;
  #lastGradient: DenseArrays | undefined;

  constructor(run: TrainRun, session: ReopenableSession, start: TrainState, stepsPerEpoch: number) {
    this.#run = run;
    this.#session = session;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#explored = explored(run.network, start.model.topology, start.fired);
    const { plan, network } = run;
    this.#budgets = plan.structure && !plan.ratios ? plan.distribution(network, plan.sparsity) : undefined;
    this.#average = start.average;
    this.#lastGradient = start.lastGradient;
  }

  /** What the phase does before its first step. @param early the model that it may go back to */
  async *opening(at: Position, early: ModelState | undefined): AsyncGenerator<RewiredEvent, void> {
    const { network, plan, seed } = this.#run;
    const { opening } = plan.phases[at.phase]!;
    if (!opening) return;
    const state = await this.#session.now.snapshot();
    const changes = await openingChanges(network, state, opening, { distribution: plan.distribution, moment: { seed, step: at.step } });
    await this.#session.reopen(openedState(network, state, changes, opening.rewind ? early : undefined));
    if (changes.length > 0) yield this.#toldPruning(at, changes);
  }

  orderFor(at: Position): StepOrder {
    const { plan } = this.#run;
    const phase = plan.phases[at.phase]!;
    const due = whenToRewire(phase, at.step, at.stepInPhase, this.#stepsPerEpoch, plan.profile);
    const pruning = phase.pruning && prunes(phase.pruning, at.step, at.stepInPhase, this.#stepsPerEpoch) ? phase.pruning : undefined;
    const leap = at.stepInPhase === phase.epochs * this.#stepsPerEpoch ? escapeAfter(plan, at.phase) : undefined;
    const gathering = gathers(plan, at.step, this.#stepsPerEpoch);
    const readers = [due?.rewiring, leap?.rewiring, pruning].filter((rules) => rules !== undefined);
    const keep: readonly Signal[] = gathering || readers.some((rules) => readsGradient(needsOf(rules))) ? ['gradient'] : [];
    return { at, due, pruning, leap, gathering, keep };
  }

  /** To be called after the step: remembers gradients, then rewires or prunes. */
  async *afterStep(order: StepOrder): AsyncGenerator<RewiredEvent, void> {
    const momentum = momentumOf(this.#run.plan.optimizer);
    const before = this.#average;
    this.#average = order.gathering ? await this.#gradients((param, slope) => gathered(before?.get(param), slope, momentum)) : undefined;
    const forLeap = order.leap !== undefined && needsOf(order.leap.rewiring).includes('gradient');
    this.#lastGradient = forLeap ? await this.#gradients((_, slope) => slope.slice()) : undefined;
    if (order.due) yield await this.#rewire(order.due, order.at);
    if (order.pruning) yield* this.#prune(order.pruning, order.at);
  }

  /** The escape, in profiles that escape at the end of a phase. @param at the last step of the phase */
  async *afterPhase(at: Position): AsyncGenerator<RewiredEvent, void> {
    const leap = escapeAfter(this.#run.plan, at.phase);
    if (leap) yield await this.#rewire(leap, at, 'escape');
    this.#lastGradient = undefined;
  }

  /** What a checkpoint keeps of this. */
  memory(): Pick<TrainState, 'fired' | 'average' | 'lastGradient'> {
    return {
      fired: this.#explored.fired(),
      ...(this.#average && { average: this.#average }),
      ...(this.#lastGradient && { lastGradient: this.#lastGradient }),
    };
  }

  async #rewire({ cause, rewiring, fraction }: Due, at: Position, stream?: string): Promise<RewiredEvent> {
    const { seed, network, plan } = this.#run;
    const moment = { seed, step: at.step, ...(stream !== undefined && { stream }) };
    const order = { rewiring, fraction, cause, moment, profile: plan.profile ?? CLEAN, structure: plan.structure, budgets: this.#budgets };
    return this.#told(cause, fraction, at, await rewireSession(this.#session, network, order, this.#read));
  }

  async *#prune(pruning: Pruning, at: Position): AsyncGenerator<RewiredEvent, void> {
    const { seed, network, plan } = this.#run;
    const sparsity = prunedTo(pruning, at.stepInPhase / this.#stepsPerEpoch);
    const order = { drop: pruning.drop, sparsity, distribution: plan.distribution, moment: { seed, step: at.step } };
    const changes = await pruneSession(this.#session, network, order, this.#read);
    if (changes.length > 0) yield this.#toldPruning(at, changes);
  }

  #toldPruning(at: Position, changes: readonly LayerChange[]): RewiredEvent {
    const sum = (pick: (change: LayerChange) => number) => changes.reduce((total, change) => total + pick(change), 0);
    return this.#told('pruning', sum(({ layer }) => layer.dropped) / sum(({ layer }) => layer.live), at, changes);
  }

  #told(cause: RewiredEvent['cause'], fraction: number, at: Position, changes: readonly LayerChange[]): RewiredEvent {
    for (const { delta } of changes) this.#explored.add(delta);
    return {
      type: 'rewired',
      phase: this.#run.plan.phases[at.phase]!.name,
      step: at.step,
      cause,
      fraction,
      exploration: this.#explored.rate(),
      layers: changes.map(({ layer }) => layer),
      deltas: changes.map(({ delta }) => delta),
    };
  }

  /** The step's dense gradients of all sparse layers, each made into what `of` says. */
  async #gradients(of: (param: ParamName, slope: Float32Array) => Float32Array): Promise<DenseArrays> {
    const arrays = new Map<ParamName, Float32Array>();
    for (const param of this.#explored.params()) arrays.set(param, of(param, await this.#session.now.signal(param, 'gradient')));
    return arrays;
  }

  /** A layer that is dense has its dense gradient without being asked for it. */
  async #slope(param: ParamName): Promise<Pick<RuleSignals, 'gradient' | 'gradientMarks'>> {
    const session = this.#session.now;
    const last = this.#lastGradient?.get(param);
    if (last) return { gradient: last };
    if (!this.#explored.bitsOf(param)) return { gradient: await session.gradient(param) };
    const gradient = await session.signal(param, 'gradient');
    return session.marks ? { gradient, gradientMarks: (least) => session.marks!(param, 'gradient', least) } : { gradient };
  }

  readonly #read: ReadSignals = async (param, which) => {
    const fired = this.#explored.bitsOf(param);
    const average = this.#average?.get(param);
    return {
      ...(which.includes('gradient') && (await this.#slope(param))),
      ...(which.includes('momentum') && average && { momentum: average }),
      ...(which.includes('fired') && fired && { fired }),
    };
  };
}
