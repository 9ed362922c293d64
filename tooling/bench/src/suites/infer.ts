/** `pnpm bench infer`: predictions by one sparse network or an ensemble of them, against ONE dense network in the fastest runtimes there are. */
import { modelByName } from '@freetickets/sparse-core';
import { contest, type Entrant } from '../contest.ts';
import { denseModel } from '../dense-model.ts';
import { milliseconds, ratioText } from '../markdown.ts';
import { onnxruntime, ours, tfjs, torch } from '../peers.ts';
import { least, ratio } from '../statistics.ts';
import { asked, type Case, failures, type Settings, type Suite } from '../suite.ts';
import type { PeerNetworkTask } from '../tasks.ts';

interface InferCase {
  readonly name: string;
  readonly network: string;
  readonly sparsity: number;
  readonly batchSize: number;
  readonly members: number;
  readonly goal?: number;
}

const CASES: readonly InferCase[] = [
  ['wrn-16-2', 1, 128, 0.5] as const,
  ['wrn-16-2', 1, 1, 0.6] as const,
  ['wrn-28-10', 3, 128, 1.1] as const,
  ['wrn-28-10', 3, 1, 1.3] as const,
].map(([name, members, batchSize, goal]) => ({
  name: `${name}, ${members} at S=0.9, batch ${batchSize}`,
  network: name,
  sparsity: 0.9,
  batchSize,
  members,
  goal,
}));

const PART = ['infer'];
const RUNTIME = 'ONNX Runtime';
const COLUMNS = ['ours', RUNTIME, 'PyTorch default', 'PyTorch channels-last', 'TensorFlow.js wasm'];

export const infer: Suite = {
  name: 'infer',
  about: 'predictions against a dense network in ONNX Runtime, PyTorch and TensorFlow.js',
  async run({ settings, sides, say }) {
    const cases: Case[] = [];
    for (const one of asked(CASES, settings)) {
      say(`infer: ${one.name}`);
      const measurements = await contest(entrantsOf(one, settings), sides, settings.pace);
      cases.push({ ...one, measurements, ratio: ratio(measurements, PART) });
    }
    const table = { header: ['prediction', 'ours, ms', ...COLUMNS.slice(1), 'ratio', 'goal'], rows: cases.map(rowOf) };
    return { cases, table, notes: failures(cases) };
  },
};

function entrantsOf({ network: name, sparsity, batchSize, members }: InferCase, { threads, engine, seed }: Settings): Entrant[] {
  const peer = { kind: 'infer', threads, seed, batchSize, spec: modelByName(name) } as const satisfies PeerNetworkTask;
  const eager = (layout: string): Entrant => ({ name: `PyTorch ${layout}`, side: torch(threads), task: { ...peer, layout } });
  const mine = { kind: 'infer', threads, seed, batchSize, engine, network: name, sparsity, members } as const;
  // One thread in Node, minutes for the large network on a large batch.
  const small = name === 'wrn-16-2' || batchSize === 1;
  return [
    { name: 'ours', ours: true, side: ours, task: mine },
    { name: RUNTIME, side: onnxruntime, task: { ...peer, model: denseModel(name, batchSize, seed) } },
    { ...eager('contiguous'), name: 'PyTorch default' },
    eager('channels-last'),
    ...(small ? [{ name: 'TensorFlow.js wasm', side: tfjs, task: { ...peer, backend: 'wasm' } }] : []),
  ];
}

function rowOf({ name, measurements, ratio: value, goal }: Case): string[] {
  const time = (which: string) => {
    const found = measurements.find((one) => one.name === which);
    return milliseconds(found && least(found, PART));
  };
  return [name, ...COLUMNS.map(time), ratioText(value), ratioText(goal)];
}
