/** `pnpm bench memory`: the most memory that a fresh process holds in a training step of WRN-28-10 at batch 128, runtime and all. */
import { modelByName } from '@freetickets/sparse-core';
import type { Entrant } from '../contest.ts';
import { megabytes, ratioText } from '../markdown.ts';
import { ours, torch } from '../peers.ts';
import { Side } from '../side.ts';
import { asked, type Settings, type Suite } from '../suite.ts';

const NETWORK = 'wrn-28-10';
const BATCH = 128;
const SPARSITY = 0.9;
const GOAL = 0.6;

interface Peak {
  readonly name: string;
  readonly ours: boolean;
  /** VmHWM after the step; that of the process before it had a task. */
  readonly peakBytes?: number | undefined;
  readonly startBytes?: number | undefined;
  readonly failed?: string;
}

export const memory: Suite = {
  name: 'memory',
  about: `peak memory of a training step of ${NETWORK} at batch ${BATCH} in a fresh process, against PyTorch`,
  async run({ settings, say }) {
    const peaks: Peak[] = [];
    for (const entrant of asked(entrantsOf(settings), settings)) {
      say(`memory: ${entrant.name}`);
      peaks.push(await peakOf(entrant));
    }
    const mine = peaks.find((one) => one.ours)?.peakBytes;
    const theirs = peaks.flatMap((one) => (one.ours || one.peakBytes === undefined ? [] : one.peakBytes));
    const ratio = mine === undefined || theirs.length === 0 ? undefined : mine / Math.min(...theirs);
    const rows = peaks.map(({ name, peakBytes, startBytes }) => [name, megabytes(peakBytes), megabytes(startBytes)]);
    const lost = peaks.flatMap(({ name, failed }) => (failed === undefined ? [] : `No figure for ${name}: ${failed}`));
    const table = { header: ['one step, whole process', 'peak', 'of that, before the task'], rows };
    const result = { name: `${NETWORK}, S=${SPARSITY}, batch ${BATCH}`, peaks, ratio, goal: GOAL };
    return { cases: [result], table, notes: [`Ours over PyTorch's smaller one: ${ratioText(ratio)} (goal: ${GOAL}).`, ...lost] };
  },
};

function entrantsOf({ threads, seed, engine }: Settings): Entrant[] {
  const common = { kind: 'step', threads, seed, batchSize: BATCH } as const;
  const eager = (layout: string): Entrant => ({
    name: `PyTorch ${layout}`,
    side: torch(threads),
    task: { ...common, spec: modelByName(NETWORK), layout },
  });
  const mine = { ...common, engine, network: NETWORK, sparsity: SPARSITY };
  return [{ name: 'ours', ours: true, side: ours, task: mine }, eager('contiguous'), eager('channels-last')];
}

async function peakOf({ name, ours: isOurs = false, side: command, task }: Entrant): Promise<Peak> {
  await using side = new Side(command);
  const greeting = await side.versions();
  const startBytes = side.peakBytes();
  const prepared = 'ok' in greeting ? await side.prepare(name, task) : greeting;
  const ran = 'ok' in prepared ? await side.run(name, 0) : prepared;
  return 'ok' in ran ? { name, ours: isOurs, startBytes, peakBytes: side.peakBytes() } : { name, ours: isOurs, failed: ran.error };
}
