/** `pnpm bench threads`: the same training step on one thread and on several. */
import { contest, type Entrant } from '../contest.ts';
import { milliseconds } from '../markdown.ts';
import { ours } from '../peers.ts';
import { least } from '../statistics.ts';
import { asked, type Case, failures, type Settings, type Suite } from '../suite.ts';

const CASES = [
  { name: 'wrn-16-2, S=0.9, batch 128', network: 'wrn-16-2', sparsity: 0.9, batchSize: 128 },
  { name: 'wrn-28-10, S=0.9, batch 32', network: 'wrn-28-10', sparsity: 0.9, batchSize: 32 },
  { name: 'lenet-300-100, S=0.9, batch 128', network: 'lenet-300-100', sparsity: 0.9, batchSize: 128 },
];
const PART = ['step'];
/** Times faster on two threads. */
const GOAL = 1.8;

interface ThreadsCase extends Case {
  /** How many times faster all threads are than one. */
  readonly speedup: number | undefined;
}

export const threads: Suite = {
  name: 'threads',
  about: 'our training step on one thread and on all that were asked for',
  async run({ settings, sides, say }) {
    const cases: ThreadsCase[] = [];
    for (const one of asked(CASES, settings)) {
      say(`threads: ${one.name}`);
      const measurements = await contest(
        [1, settings.threads].map((count) => entrantOf(one, count, settings)),
        sides,
        settings.pace,
      );
      const [single, all] = measurements.map((measurement) => least(measurement, PART));
      cases.push({ ...one, measurements, speedup: single === undefined || all === undefined ? undefined : single / all });
    }
    const header = ['training step', '1 thread, ms', `${settings.threads} threads, ms`, 'times faster', 'goal on 2'];
    const rows = cases.map(({ name, measurements, speedup }) => [
      name,
      ...measurements.map((one) => milliseconds(least(one, PART))),
      speedup === undefined ? '-' : speedup.toFixed(2),
      String(GOAL),
    ]);
    return { cases, table: { header, rows }, notes: failures(cases) };
  },
};

function entrantOf(one: (typeof CASES)[number], count: number, { engine, seed }: Settings): Entrant {
  const { network, sparsity, batchSize } = one;
  const task = { kind: 'step', threads: count, seed, batchSize, engine, network, sparsity };
  return { name: `ours on ${count}`, ours: true, side: ours, task };
}
