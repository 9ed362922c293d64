/** Several tickets behind one `predict`: every ticket is opened on the same engine, for prediction only. */
import { type Engine, type ModelState, type Network, network, type Prediction, type Session, SparseError } from '@freetickets/sparse-core';
import { type CombineOptions, checkMode, combine, memberWeights } from './combine.ts';
import { memberCount, memberLogits } from './member-logits.ts';

export interface EnsembleOptions extends CombineOptions {
  readonly engine: Engine;
  /** What an engine works on at once; memory grows with it. `predict` takes any size. Default 64. */
  readonly batchSize?: number;
  /** Per ticket; tickets run one after another. Default: what the engine chooses. */
  readonly threads?: number;
  /** Of tickets with dropout: so many passes with dropout on, each a member. Default: one pass with dropout off. */
  readonly passes?: number;
}

export interface Ensemble extends AsyncDisposable {
  /** The ticket of each member, in the order of predictions: one of several heads, or of several passes, stands there as often. */
  readonly members: readonly ModelState[];
  /**
   * @param images (size, C, H, W) or (size, features), normalised as in training
   * @throws SparseError SHAPE_MISMATCH when `images` does not hold `size` samples, INVALID_ARGUMENT after the ensemble was closed
   */
  predict(images: Float32Array, size: number): Promise<Prediction>;
}

/**
 * Opens one session per ticket. Close it with `await using` or `[Symbol.asyncDispose]()`.
 * @throws SparseError INVALID_ARGUMENT without tickets or for wrong options, SHAPE_MISMATCH when tickets differ in input shape or classes
 */
export async function openEnsemble(tickets: readonly ModelState[], options: EnsembleOptions): Promise<Ensemble> {
  const networks = checkTickets(tickets);
  const { engine, batchSize = 64, threads, passes } = options;
  const members = tickets.flatMap((ticket, t) => Array<ModelState>(memberCount(networks[t]!, passes)).fill(ticket));
  memberWeights(members.length, options.weights);
  checkMode(options.combine ?? 'probabilities');

  const sessions: Session[] = [];
  try {
    for (const [t, ticket] of tickets.entries())
      sessions.push(await engine.open(networks[t]!, ticket, { batchSize, ...(threads === undefined ? {} : { threads }) }));
  } catch (error) {
    await closeAll(sessions).catch(() => undefined); // why it could not be opened is the news, not what closing said
    throw error;
  }
  return new OpenEnsemble(members, networks, sessions, options);
}

class OpenEnsemble implements Ensemble {
  readonly members: readonly ModelState[];
  readonly #networks: readonly Network[];
  readonly #sessions: readonly Session[];
  readonly #options: EnsembleOptions;
  #closed = false;

  constructor(members: readonly ModelState[], networks: readonly Network[], sessions: readonly Session[], options: EnsembleOptions) {
    this.members = members;
    this.#networks = networks;
    this.#sessions = sessions;
    this.#options = options;
  }

  async predict(images: Float32Array, size: number): Promise<Prediction> {
    if (this.#closed) throw new SparseError('INVALID_ARGUMENT', 'ensemble', 'an open ensemble', 'a closed one');
    if (!Number.isInteger(size) || size < 1) throw new SparseError('INVALID_ARGUMENT', 'size', 'a whole number of at least 1', size);
    const [{ spec, classes }] = this.#networks as readonly [Network];
    const shape = spec.input.shape;
    const expected = shape.reduce((a, b) => a * b, size);
    if (images.length !== expected)
      throw new SparseError(
        'SHAPE_MISMATCH',
        'images',
        `${size} samples of shape (${shape.join(', ')}) = ${expected} numbers`,
        images.length,
      );
    const logits: Float32Array[] = [];
    for (const [t, session] of this.#sessions.entries())
      logits.push(...(await memberLogits(session, this.#networks[t]!, images, size, this.#options.passes)));
    return combine(logits, classes, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeAll(this.#sessions);
  }
}

/** Closes every session even when closing one fails; then reports the first failure. */
async function closeAll(sessions: readonly Session[]): Promise<void> {
  const results = await Promise.allSettled(sessions.map((session) => session[Symbol.asyncDispose]()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function checkTickets(tickets: readonly ModelState[]): readonly Network[] {
  const networks = tickets.map((ticket) => network(ticket.spec));
  const first = networks[0];
  if (!first) throw new SparseError('INVALID_ARGUMENT', 'tickets', 'at least one ticket', tickets.length);
  networks.forEach((net, m) => {
    const where = `tickets[${m}] (${net.spec.name})`;
    if (String(net.spec.input.shape) !== String(first.spec.input.shape))
      throw new SparseError(
        'SHAPE_MISMATCH',
        where,
        `input of shape (${first.spec.input.shape.join(', ')}), as of ticket 0`,
        net.spec.input.shape,
      );
    if (net.classes !== first.classes)
      throw new SparseError('SHAPE_MISMATCH', where, `${first.classes} classes, as of ticket 0`, net.classes);
  });
  return networks;
}
