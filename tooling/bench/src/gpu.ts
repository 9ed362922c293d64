/**
 * An exported ensemble on a GPU, and a training step there, against PyTorch: `node dist/gpu.js --help`. It asks nothing of the machine but
 * what it finds, and says what it did not find. gpu/pack.mjs makes a folder of it that needs neither Node nor a network.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { modelByName } from '@freetickets/sparse-core';
import { contest, type Entrant, type Measurement } from './contest.ts';
import { agrees, type Contestants, compareForms, differenceNotes, type EnsembleCase, SEPARATE, tableOf } from './ensemble/compare.ts';
import { onnxruntimeVersion } from './ensemble/sessions.ts';
import { inBench } from './folders.ts';
import { markdownTable, milliseconds } from './markdown.ts';
import { onnxruntimeNode, ours } from './peers.ts';
import { type SideCommand, Sides } from './side.ts';
import { least } from './statistics.ts';
import { failures } from './suite.ts';

const HELP = `node dist/gpu.js [options]: writes ensemble.json, step.json and tables.md to the folder --out.

  --device NAME       cuda or cpu (default cuda)
  --networks LIST     of the ensembles (default lenet-5,wrn-16-2)
  --members LIST      (default 1,3,7)
  --batches LIST      images at once (default 1,32,256)
  --sparsity S        of the members; their files hold zeros (default 0.9)
  --step-network NAME network of the training step (default wrn-28-10; none: no step)
  --step-batch N      (default 128)
  --engine NAME       of ours in the training step (default tfjs/tensorflow)
  --rounds N          turns of each side (default 7)
  --least MS          least length of a turn (default 300)
  --threads N         on the CPU (default: all processors)
  --seed N            (default 17)
  --python PATH       with PyTorch (default python3)
  --out DIR           (default .)`;

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    networks: { type: 'string', default: 'lenet-5,wrn-16-2' },
    members: { type: 'string', default: '1,3,7' },
    batches: { type: 'string', default: '1,32,256' },
    sparsity: { type: 'string', default: '0.9' },
    'step-network': { type: 'string', default: 'wrn-28-10' },
    'step-batch': { type: 'string', default: '128' },
    engine: { type: 'string', default: 'tfjs/tensorflow' },
    rounds: { type: 'string', default: '7' },
    least: { type: 'string', default: '300' },
    threads: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '17' },
    python: { type: 'string', default: 'python3' },
    out: { type: 'string', default: '.' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const WITHOUT_TENSORFLOW =
  'TensorFlow is not in this package: for our step run dist/gpu.js in a built repository, after freetickets setup tensorflow --cuda.';

const say = (line: string) => process.stderr.write(`${line}\n`);
/** In what pack.mjs makes there are no engines of ours. */
const PACKED = !existsSync(ours.args[0]!);
const device = values.device === 'cpu' ? 'cpu' : 'cuda';
const settings = {
  threads: Number(values.threads),
  seed: Number(values.seed),
  pace: { rounds: Number(values.rounds), leastMs: Number(values.least) },
};
const torch: SideCommand = {
  name: 'PyTorch',
  command: values.python,
  args: [inBench('peers/torch_side.py')],
  env: { OMP_NUM_THREADS: values.threads },
};

if (values.help) process.stdout.write(`${HELP}\n`);
else await main();

async function main(): Promise<void> {
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const facts = { date: new Date().toISOString(), device, ...settings, machine: machineFacts() };
  const keep = (name: string, found: object) => writeFileSync(join(out, name), `${JSON.stringify({ ...facts, ...found }, undefined, 2)}\n`);
  await using sides = new Sides();
  const parts: string[] = [];
  const ensembles = await compareEnsembles(sides).catch((error: Error) => {
    process.exitCode = 1; // the training step is measured all the same
    parts.push(`No ensembles: ${error.message.split('\n', 1)[0]}`);
    return [];
  });
  keep('ensemble.json', { cases: ensembles });
  if (ensembles.length > 0) {
    parts.push(markdownTable(tableOf(ensembles)), notesText([...differenceNotes(ensembles), ...failures(ensembles)]));
  }
  if (values['step-network'] !== 'none') {
    const step = await compareSteps(sides);
    keep('step.json', step);
    parts.push(stepText(step), notesText([...(PACKED ? [WITHOUT_TENSORFLOW] : []), ...failures([step])]));
  }
  const text = parts.filter(Boolean).join('\n\n');
  writeFileSync(join(out, 'tables.md'), `${text}\n\n${JSON.stringify(facts.machine)}\n`);
  process.stdout.write(`${text}\n`);
  if (agrees(ensembles)) return;
  say('the answers differ by more than they may');
  process.exitCode = 1;
}

async function compareEnsembles(sides: Sides): Promise<EnsembleCase[]> {
  const contestants: Contestants = {
    device,
    forms: ['fused', 'grouped', SEPARATE, ...(device === 'cuda' ? ['fused fp16', 'grouped fp16'] : [])],
    onnxruntime: onnxruntimeNode,
    torch,
    sparse: device === 'cpu' && !PACKED,
    torchModes: device === 'cuda' ? ['eager', 'graph'] : ['eager'],
  };
  const folder = mkdtempSync(join(tmpdir(), 'freetickets-gpu-'));
  const cases: EnsembleCase[] = [];
  try {
    for (const network of values.networks.split(','))
      for (const members of values.members.split(',').map(Number)) {
        say(`${network}, ${members} members`);
        const shape = { network, members, sparsity: Number(values.sparsity), seed: settings.seed };
        cases.push(...(await compareForms(shape, values.batches.split(',').map(Number), contestants, settings, folder, sides)));
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return cases;
}

interface StepCase {
  readonly name: string;
  readonly measurements: readonly Measurement[];
}

async function compareSteps(sides: Sides): Promise<StepCase> {
  const [network, batchSize] = [values['step-network'], Number(values['step-batch'])];
  const name = `${network}, training step, batch ${batchSize}`;
  say(name);
  const common = { kind: 'step', threads: settings.threads, seed: settings.seed, batchSize } as const;
  const peer = (layout: string): Entrant => ({
    name: `PyTorch ${layout}`,
    side: torch,
    task: { ...common, spec: modelByName(network), layout, device },
  });
  const mine = { ...common, network, engine: values.engine, sparsity: Number(values.sparsity) };
  const own: Entrant = { name: `engine ${values.engine}`, ours: true, side: ours, task: mine };
  const entrants = [...(PACKED ? [] : [own]), peer('contiguous'), peer('channels-last')];
  return { name, measurements: await contest(entrants, sides, settings.pace) };
}

function stepText({ name, measurements }: StepCase): string {
  const times = measurements.map((one) => milliseconds(least(one, ['step'])));
  return markdownTable({ header: ['', ...measurements.map((one) => `${one.name}, ms`)], rows: [[name, ...times]] });
}

function notesText(notes: readonly string[]): string {
  return notes.map((note) => `- ${note}`).join('\n');
}

/** What is known of the machine without any library. */
function machineFacts(): object {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const gpu = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    gpu: gpu.status === 0 ? gpu.stdout.trim() : 'none that nvidia-smi knows',
    node: process.version,
    onnxruntime: onnxruntimeVersion,
  };
}
