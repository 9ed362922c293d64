/** What the tickets of a run say of themselves, without their weights: for whoever looks at a run, once or again and again. */
import { statSync } from 'node:fs';
import { type TopologyMaps, topologyMaps } from '@freetickets/report';
import { liveCounts, type Network, parameterCount } from '@freetickets/sparse-core';
import { ticketHashes } from './evaluation/keep.ts';
import type { RunFolder } from './run-folder.ts';

export interface TicketFacts {
  readonly count: number;
  /** Trained and live ones, over all tickets. */
  readonly parameters: number;
  /** SHA-256 of each file. */
  readonly hashes: readonly string[];
  readonly topology?: TopologyMaps | undefined;
}

/** By run folder, with the files' times and sizes. Tickets may be large, and a page that follows a run asks every two seconds. */
const known = new Map<string, { readonly stamp: string; readonly facts: TicketFacts }>();

/** None of a run that has no ticket yet. @throws SparseError BAD_FILE */
export async function ticketFacts(folder: RunFolder, net: Network): Promise<TicketFacts> {
  const count = folder.ticketCount();
  const stamp = Array.from({ length: count }, (_, index) => stampOf(folder.ticketPath(index))).join(' ');
  const earlier = known.get(folder.path);
  if (earlier?.stamp === stamp) return earlier.facts;
  const states = (await folder.loadTickets(count)).map(({ state }) => state);
  const facts = {
    count,
    parameters: states.reduce((sum, { topology }) => {
      const { total, sparsifiable, live } = parameterCount(net, liveCounts(net, topology));
      return sum + total - sparsifiable + live;
    }, 0),
    hashes: await ticketHashes(folder, count),
    topology: topologyMaps(states),
  };
  known.set(folder.path, { stamp, facts });
  return facts;
}

/** Differs when the file does; empty where there is none. */
export function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs}:${stats.size}` : '';
}
