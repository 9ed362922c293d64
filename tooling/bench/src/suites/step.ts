/** `pnpm bench step`: a training step, sparse here, dense in PyTorch, and dense with masks, as published sparse training does it. */
import { erkDensities, modelByName, network } from '@freetickets/sparse-core';
import { contest, type Entrant } from '../contest.ts';
import { milliseconds, ratioText } from '../markdown.ts';
import { ours, tfjs, torch } from '../peers.ts';
import { least, ratio } from '../statistics.ts';
import { asked, type Case, failures, type Settings, type Suite } from '../suite.ts';
import type { PeerNetworkTask } from '../tasks.ts';

export interface StepCase {
  readonly name: string;
  readonly network: string;
  readonly sparsity: number;
  readonly batchSize: number;
  readonly goal?: number;
}

const CASES: readonly StepCase[] = [
  ['wrn-16-2', 0.9, 128, 0.5] as const,
  ['wrn-16-2', 0.8, 128, 0.65] as const,
  ['wrn-28-10', 0.9, 32, 0.4] as const,
  ['wrn-28-10', 0.8, 32, 0.65] as const,
  ['lenet-300-100', 0.9, 128, 0.3] as const,
  ['lenet-5', 0.9, 128] as const,
].map(([name, sparsity, batchSize, goal]) => ({
  name: `${name}, S=${sparsity}, batch ${batchSize}`,
  network: name,
  sparsity,
  batchSize,
  ...(goal !== undefined && { goal }),
}));

const PART = ['step'];

export const step: Suite = {
  name: 'step',
  about: 'a training step against PyTorch (eager: two layouts, and with masks) and TensorFlow.js',
  async run(context) {
    const { settings, sides, say } = context;
    const cases: Case[] = [];
    for (const one of asked(CASES, settings)) {
      say(`step: ${one.name}`);
      const measurements = await contest(stepEntrants(one, settings), sides, settings.pace);
      cases.push({ ...one, measurements, ratio: ratio(measurements, PART) });
    }
    return { cases, table: { header: HEADER, rows: cases.map(rowOf) }, notes: failures(cases) };
  },
};

/** Everybody's task for one network. */
function stepEntrants({ network: name, sparsity, batchSize }: StepCase, { threads, engine, seed }: Settings): Entrant[] {
  const spec = modelByName(name);
  const net = network(spec);
  const pictures = spec.nodes.some(({ op }) => op === 'conv2d');
  const densities = Object.fromEntries(erkDensities(net, sparsity).densities);
  const peer = { kind: 'step', threads, seed, batchSize, spec } as const satisfies PeerNetworkTask;
  const eager = (title: string, rest: object): Entrant => ({ name: `PyTorch ${title}`, side: torch(threads), task: { ...peer, ...rest } });
  return [
    { name: 'ours', ours: true, side: ours, task: { kind: 'step', threads, seed, batchSize, engine, network: name, sparsity } },
    eager('default', { layout: 'contiguous' }),
    ...(pictures ? [eager('channels-last', { layout: 'channels-last' })] : []),
    eager('masked', { layout: pictures ? 'channels-last' : 'contiguous', densities }),
    // Its WebAssembly backend has no gradients of convolutions, its JavaScript one would take hours for them.
    ...(pictures ? [] : [{ name: 'TensorFlow.js wasm', side: tfjs, task: { ...peer, backend: 'wasm' } }]),
  ];
}

const HEADER = ['training step', 'ours, ms', 'PyTorch default', 'channels-last', 'with masks', 'TensorFlow.js', 'ratio', 'goal'];

function rowOf({ name, measurements, ratio: value, goal }: Case): string[] {
  const time = (which: string) => {
    const found = measurements.find((one) => one.name === which);
    return milliseconds(found && least(found, PART));
  };
  const columns = ['ours', 'PyTorch default', 'PyTorch channels-last', 'PyTorch masked', 'TensorFlow.js wasm'];
  return [name, ...columns.map(time), ratioText(value), ratioText(goal)];
}
