/**
 * Runs several entrants in turns, A B C A B C, so that a machine that slows down or speeds up meanwhile does so for all of them. Each has
 * one turn that does not count; then the least and the middle of all its times are kept.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Side, SideCommand, Sides, Times, Versions } from './side.ts';
import { type Summary, summary } from './statistics.ts';

export interface Entrant {
  /** For people, and within its side: `PyTorch, channels-last`. */
  readonly name: string;
  readonly side: SideCommand;
  readonly task: object;
  /** Whether it is FreeTickets. */
  readonly ours?: boolean;
}

export interface Measurement {
  readonly name: string;
  readonly ours: boolean;
  readonly versions: Versions;
  /** By part of the task: `step`, or `forward` and `backward`. Empty if it failed. */
  readonly times: Readonly<Record<string, Summary>>;
  /** Why there are no times. */
  readonly failed?: string;
}

export interface Pace {
  /** Turns of each entrant that count. */
  readonly rounds: number;
  /** A turn is at least one run, and as many as this holds. */
  readonly leastMs: number;
}

/** Threads that wait for work spin for a moment before they sleep; nobody is timed during it. */
const PAUSE_MS = 30;

export async function contest(entrants: readonly Entrant[], sides: Sides, { rounds, leastMs }: Pace): Promise<Measurement[]> {
  const contestants: Contestant[] = [];
  for (const entrant of entrants) contestants.push(await Contestant.enter(entrant, sides.get(entrant.side)));
  for (const contestant of contestants) await contestant.turn(0, false);
  for (let round = 0; round < rounds; round++) for (const contestant of contestants) await contestant.turn(leastMs, true);
  for (const contestant of contestants) await contestant.leave();
  return contestants.map((contestant) => contestant.measurement());
}

class Contestant {
  readonly #entrant: Entrant;
  readonly #side: Side;
  readonly #versions: Versions;
  readonly #times = new Map<string, number[]>();
  #failed: string | undefined;

  private constructor(entrant: Entrant, side: Side, versions: Versions) {
    this.#entrant = entrant;
    this.#side = side;
    this.#versions = versions;
  }

  static async enter(entrant: Entrant, side: Side): Promise<Contestant> {
    const greeting = await side.versions();
    const contestant = new Contestant(entrant, side, 'ok' in greeting ? greeting.ok : {});
    const prepared = 'ok' in greeting ? await side.prepare(entrant.name, entrant.task) : greeting;
    if ('error' in prepared) contestant.#failed = prepared.error;
    return contestant;
  }

  async turn(leastMs: number, counts: boolean): Promise<void> {
    if (this.#failed !== undefined) return;
    await pause(PAUSE_MS);
    const reply = await this.#side.run(this.#entrant.name, leastMs);
    if ('error' in reply) this.#failed = reply.error;
    else if (counts) this.#keep(reply.ok);
  }

  async leave(): Promise<void> {
    await this.#side.release(this.#entrant.name);
  }

  measurement(): Measurement {
    const { name, ours = false } = this.#entrant;
    const common = { name, ours, versions: this.#versions };
    if (this.#failed !== undefined) return { ...common, times: {}, failed: this.#failed };
    return { ...common, times: Object.fromEntries([...this.#times].map(([part, times]) => [part, summary(times)])) };
  }

  #keep(times: Times): void {
    for (const [part, milliseconds] of Object.entries(times)) this.#times.set(part, [...(this.#times.get(part) ?? []), ...milliseconds]);
  }
}
