// Work that waits, by priority. Sets keep the order of arrival and forget a member at once wherever it stands.

import type { Work } from './work.ts';

export class WorkQueue {
  /** Level 0 is for work that is run again; then the priorities, 1 first. */
  readonly #levels: Set<Work>[];
  /** Milliseconds of waiting after which work counts as one level higher, so that low priorities are served at all. */
  readonly #promoteAfterMs: number;

  constructor(priorities: number, promoteAfterMs: number) {
    this.#levels = Array.from({ length: priorities + 2 }, () => new Set());
    this.#promoteAfterMs = promoteAfterMs;
  }

  get size(): number {
    return this.#levels.reduce((sum, { size }) => sum + size, 0);
  }

  push(work: Work): void {
    this.#levels[work.retried ? 0 : work.level]!.add(work);
  }

  /** Behind everything else: its time was over, and its policy is to delay. */
  postpone(work: Work): void {
    this.remove(work);
    this.#levels.at(-1)!.add(work);
  }

  /** Whether it still waited. */
  remove(work: Work): boolean {
    return this.#levels.some((level) => level.delete(work));
  }

  /** The order in which work is to be run. */
  *inOrder(now: number): Iterable<Work> {
    for (const level of this.#levelsInOrder(now)) yield* level;
  }

  clear(): readonly Work[] {
    const all = this.#levels.flatMap((level) => [...level]);
    for (const level of this.#levels) level.clear();
    return all;
  }

  #levelsInOrder(now: number): readonly Set<Work>[] {
    const waiting = this.#levels.flatMap((level, rank) => {
      const [oldest] = level;
      return oldest ? [{ level, rank: rank - Math.floor((now - oldest.enqueuedAt) / this.#promoteAfterMs) }] : [];
    });
    return waiting.length === 1 ? [waiting[0]!.level] : waiting.sort((a, b) => a.rank - b.rank).map(({ level }) => level);
  }
}
