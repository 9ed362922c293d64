/**
 * One session after another under one roof. Engines compile a plan for fixed live counts; where these change, the model goes on in a
 * new session that opens with what the old one had, bit for bit, but for the change.
 */
import type { Engine, ModelState, Network, OpenOptions, Session } from '@freetickets/sparse-core';

export class ReopenableSession implements AsyncDisposable {
  readonly #open: (state: ModelState) => Promise<Session>;
  #session: Session | undefined;

  private constructor(open: (state: ModelState) => Promise<Session>, session: Session) {
    this.#open = open;
    this.#session = session;
  }

  static async open(engine: Engine, network: Network, state: ModelState, options: OpenOptions): Promise<ReopenableSession> {
    const open = (next: ModelState) => engine.open(network, next, options);
    return new ReopenableSession(open, await open(state));
  }

  get now(): Session {
    return this.#session!;
  }

  /** The old session is closed first, so that there is never memory for two. */
  async reopen(state: ModelState): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#session = await this.#open(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.[Symbol.asyncDispose]();
  }
}
