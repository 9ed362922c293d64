/** Several tickets behind one `predict`: every member is opened on the same engine, for prediction only. */
import { type Engine, type ModelState, type Network, network, type Prediction, type Session, SparseError } from '@freetickets/sparse-core';
import { type CombineOptions, checkMode, combine, memberWeights } from './combine.ts';

export interface EnsembleOptions extends CombineOptions {
  readonly engine: Engine;
  /** What an engine works on at once; memory grows with it. `predict` takes any size. Default 64. */
  readonly batchSize?: number;
  /** Per member; members run one after another. Default: what the engine chooses. */
  readonly threads?: number;
}

export interface Ensemble extends AsyncDisposable {
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
  const { engine, batchSize = 64, threads } = options;
  memberWeights(tickets.length, options.weights);
  checkMode(options.combine ?? 'probabilities');

  const sessions: Session[] = [];
  try {
    for (const [m, ticket] of tickets.entries())
      sessions.push(await engine.open(networks[m]!, ticket, { batchSize, ...(threads === undefined ? {} : { threads }) }));
  } catch (error) {
    await closeAll(sessions).catch(() => undefined); // why it could not be opened is the news, not what closing said
    throw error;
  }
  return new OpenEnsemble([...tickets], networks[0]!, sessions, options);
}

class OpenEnsemble implements Ensemble {
  readonly members: readonly ModelState[];
  readonly #network: Network;
  readonly #sessions: readonly Session[];
  readonly #options: CombineOptions;
  #closed = false;

  constructor(members: readonly ModelState[], net: Network, sessions: readonly Session[], options: CombineOptions) {
    this.members = members;
    this.#network = net;
    this.#sessions = sessions;
    this.#options = options;
  }

  async predict(images: Float32Array, size: number): Promise<Prediction> {
    if (this.#closed) throw new SparseError('INVALID_ARGUMENT', 'ensemble', 'an open ensemble', 'a closed one');
    if (!Number.isInteger(size) || size < 1) throw new SparseError('INVALID_ARGUMENT', 'size', 'a whole number of at least 1', size);
    const shape = this.#network.spec.input.shape;
    const expected = shape.reduce((a, b) => a * b, size);
    if (images.length !== expected)
      throw new SparseError(
        'SHAPE_MISMATCH',
        'images',
        `${size} samples of shape (${shape.join(', ')}) = ${expected} numbers`,
        images.length,
      );
    const logits: Float32Array[] = [];
    for (const session of this.#sessions) logits.push(await session.predict(images, size));
    return combine(logits, this.#network.classes, this.#options);
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
