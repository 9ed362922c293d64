/** The helpers of a process that trains. One that is lost is replaced, so often; then others do its work. */
import type { Link } from './link.ts';

/** Replacements in the life of a team: a helper that always dies must not be started forever. */
const MOST_REPLACED = 10;

/** Seconds for which a helper may keep others waiting: time to start, or to be pushed aside by other programs. */
const PATIENCE_SECONDS = 60;
/** A helper has at most twice the shards of the process that trains, so an honest one takes twice as long. */
const MOST_TIMES_SLOWER = 10;

export interface TeamOptions {
  /** Beside the process that trains. */
  readonly helpers: number;
  readonly start: () => Link;
  /** Told of helpers that are lost. */
  readonly onNotice?: (notice: string) => void;
  /** Of one that does not answer; see `waitFor`. Default: 60. */
  readonly patienceSeconds?: number;
}

export class Team implements Disposable {
  readonly #options: TeamOptions;
  #links: readonly Link[];
  #replaced = 0;

  constructor(options: TeamOptions) {
    this.#options = options;
    this.#links = Array.from({ length: options.helpers }, () => options.start());
  }

  get links(): readonly Link[] {
    return this.#links;
  }

  /** To be called by whoever notices; once for each link counts. */
  lost(link: Link, reason: unknown): void {
    if (!this.#links.includes(link)) return;
    link.close();
    const replaced = this.#replaced < MOST_REPLACED;
    if (replaced) this.#replaced++;
    this.#links = this.#links.flatMap((other) => (other === link ? (replaced ? [this.#options.start()] : []) : [other]));
    const next = replaced ? 'another takes its place' : 'its shard is computed by the others';
    this.#options.onNotice?.(`A helper was lost (${reason instanceof Error ? reason.message : String(reason)}); ${next}`);
  }

  /**
   * Waits for what a helper does. One that hangs (stopped, or in a loop) is lost after the patience of the team and ten times what the same kind of
   * work took here; what it was asked for fails then, as it does when its process ends. A helper that was only slow is replaced in vain, but
   * nothing else comes of it: the bytes do not depend on who computes.
   *
   * It is not the clock that is asked: only seconds in which this process could have heard the answer are counted. While it computes, is
   * stopped itself or sleeps with the machine, at most one goes by.
   * @param secondsHere what the work of this process took, where it did a part too
   */
  async waitFor<T>(link: Link, promise: Promise<T>, secondsHere = 0): Promise<T> {
    const most = Math.floor((this.#options.patienceSeconds ?? PATIENCE_SECONDS) + MOST_TIMES_SLOWER * secondsHere);
    let waited = 0;
    const timer = setInterval(() => {
      if (++waited === most) this.lost(link, `it did not answer for ${most} s`);
    }, 1000);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
    }
  }

  [Symbol.dispose](): void {
    for (const link of this.#links) link.close();
    this.#links = [];
  }
}
