/** What a child process of `sweep --parallel` does: it takes one task, trains, sends how it ended, and ends. `fork-run.ts` is the other side. */
import { talk } from '../talk.ts';
import { type RunTask, trainRunTo } from './train-run.ts';

const stop = new AbortController();
// A Ctrl-C reaches the children of a terminal's process, too; the parent alone says what is to be done.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
// Whoever killed the parent wants no more of this; the run goes on from its last checkpoint.
process.on('disconnect', () => process.exit());
process.on('message', async (message: RunTask | 'stop') => {
  if (message === 'stop') return stop.abort();
  const end = await trainRunTo(message, talk({ quiet: true }), stop.signal);
  process.send!(end, () => process.exit());
});
