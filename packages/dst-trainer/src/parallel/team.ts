/** The helpers of a process that trains. One that is lost is replaced, so often; then others do its work. */
import type { Link } from './link.ts';

/** Replacements in the life of a team: a helper that always dies must not be started forever. */
const MOST_REPLACED = 10;

export interface TeamOptions {
  /** Beside the process that trains. */
  readonly helpers: number;
  readonly start: () => Link;
  /** Told of helpers that are lost. */
  readonly onNotice?: (notice: string) => void;
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

  [Symbol.dispose](): void {
    for (const link of this.#links) link.close();
    this.#links = [];
  }
}
