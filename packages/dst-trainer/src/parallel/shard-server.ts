/** What a helper does: sessions as it is told, and in them shards of batches. */
import { type Engine, network, type Session, type ShardResult, SparseError } from '@freetickets/sparse-core';
import type { ShardRequest } from './link.ts';

/** Of what a session of a helper has for an optimizer nothing is ever used. */
const UNUSED = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;

/** @returns what answers a request; the next one has to wait for that */
export function shardServer(engine: Engine, threads?: number): (request: ShardRequest) => Promise<readonly ShardResult[]> {
  const sessions = new Map<number, Session>();
  return async (request) => {
    if (request.kind === 'open') {
      const options = { ...request.options, optimizer: UNUSED, ...(threads !== undefined && { threads }) };
      sessions.set(request.session, await engine.open(network(request.spec), request.state, options));
      return [];
    }
    const session = sessions.get(request.session);
    if (!session?.sharded) throw new SparseError('INVALID_ARGUMENT', 'session', 'an open one that computes shards', request.session);
    if (request.kind === 'rewire') {
      await session.rewire(request.deltas);
      return [];
    }
    if (request.kind === 'close') {
      sessions.delete(request.session);
      await session[Symbol.asyncDispose]();
      return [];
    }
    session.sharded.setValues(request.values);
    const results: ShardResult[] = [];
    for (const { batch, first } of request.shards) results.push(await session.sharded.compute(batch, first, request.options));
    return results;
  };
}
