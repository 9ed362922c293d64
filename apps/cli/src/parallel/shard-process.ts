/** What a child process of `train --processes` does: it computes shards of batches until its parent closes the channel. */
import { type ShardRequest, shardServer } from '@freetickets/dst-trainer';
import { computingNamed } from '../workload.ts';
import type { HelperTask } from './fork-link.ts';

const { engine, threads } = JSON.parse(process.argv[2]!) as HelperTask;
// A Ctrl-C reaches the children of a terminal's process, too; the parent alone says what is to be done.
for (const name of ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const) process.on(name, () => {});
// Whoever killed the parent wants no more of this.
process.on('disconnect', () => process.exit());

const computing = computingNamed(engine, threads, () => {});
const answer = shardServer(computing.engine, computing.threads);
let last: Promise<unknown> = Promise.resolve();
process.on('message', (request: ShardRequest) => {
  last = last.then(async () => {
    const results = await answer(request);
    process.send!(results, () => {}); // a parent that is gone is told of by `disconnect`
  });
});
