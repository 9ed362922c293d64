/** `pnpm bench rewire`: what a rewiring with gradient growth takes, in training steps: dense gradients, selection, all layers moved. */
import { contest } from '../contest.ts';
import { milliseconds } from '../markdown.ts';
import { ours } from '../peers.ts';
import { least } from '../statistics.ts';
import { asked, type Case, failures, type Suite } from '../suite.ts';

const CASES = [
  { name: 'wrn-16-2, S=0.9, batch 128', network: 'wrn-16-2', sparsity: 0.9, batchSize: 128 },
  { name: 'wrn-16-2, S=0.8, batch 128', network: 'wrn-16-2', sparsity: 0.8, batchSize: 128 },
  { name: 'wrn-28-10, S=0.9, batch 32', network: 'wrn-28-10', sparsity: 0.9, batchSize: 32 },
  { name: 'lenet-300-100, S=0.9, batch 128', network: 'lenet-300-100', sparsity: 0.9, batchSize: 128 },
];
/** Training steps that a rewiring may take. */
const GOAL = 5;

interface RewireCase extends Case {
  /** Least milliseconds of a plain step, and what a rewiring takes more than that. */
  readonly step: number | undefined;
  readonly extra: number | undefined;
}

export const rewire: Suite = {
  name: 'rewire',
  about: 'a rewiring with gradient growth, all layers, in training steps',
  async run({ settings, sides, say }) {
    const cases: RewireCase[] = [];
    for (const one of asked(CASES, settings)) {
      say(`rewire: ${one.name}`);
      const { engine, seed, threads } = settings;
      const { network, sparsity, batchSize } = one;
      const task = { kind: 'rewire', threads, seed, batchSize, engine, network, sparsity };
      const measurements = await contest([{ name: 'ours', ours: true, side: ours, task }], sides, settings.pace);
      const [step, rewiring] = ['step', 'rewiringStep'].map((part) => least(measurements[0]!, [part]));
      // Each at its best: the difference of two times that follow each other shows what disturbs one of them.
      cases.push({ ...one, measurements, step, extra: step === undefined || rewiring === undefined ? undefined : rewiring - step });
    }
    const header = ['network', 'plain step, ms', 'rewiring more than that, ms', 'in steps', 'goal'];
    const rows = cases.map(({ name, step, extra }) => {
      const steps = step === undefined || extra === undefined ? '-' : (extra / step).toFixed(1);
      return [name, milliseconds(step), milliseconds(extra), steps, String(GOAL)];
    });
    return { cases, table: { header, rows }, notes: failures(cases) };
  },
};
