/** An engine that cuts batches into shards, with the processes that compute them beside this one. */
import { availableParallelism } from 'node:os';
import { shardedEngine, Team } from '@freetickets/dst-trainer';
import type { Computing } from '../engines.ts';
import { forkLink } from './fork-link.ts';

export interface SharedComputing extends Disposable {
  readonly computing: Computing;
}

/**
 * @param shards undefined: batches are computed as a whole
 * @param processes this one included
 */
export function sharedComputing(
  computing: Computing,
  shards: number | undefined,
  processes: number,
  onNotice: (notice: string) => void,
): SharedComputing {
  if (shards === undefined) return { computing, [Symbol.dispose]() {} };
  const { engine } = computing;
  const threads = computing.threads ?? Math.max(1, Math.floor(availableParallelism() / processes));
  const team = new Team({ helpers: processes - 1, start: () => forkLink({ engine: engine.name, threads }), onNotice });
  return {
    computing: { engine: shardedEngine(engine, { shards, team }), threads },
    [Symbol.dispose]: () => team[Symbol.dispose](),
  };
}
