/**
 * Looks for memory errors, undefined behaviour and data races in the kernels, with the sanitizers of GCC: plans of random networks, and of
 * some that are not, run in test/run-plans.c. Inside JavaScript's memory the sanitizers would see little. CONTRIBUTING.md has the commands.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { initialState, lenet5, network, rng, wideResNet } from '@freetickets/sparse-core';
import { Arena } from '../dist/arena.js';
import { encode, LAYOUT } from '../dist/encode.js';
import { indexDense, indexLayer, makePlan } from '../dist/plan.js';
import { HYPER, hyperOf } from '../dist/update.js';
import { moved, PATTERNS, patterned, randomNetwork, randomState } from '../test/random-network.mjs';
import { FLAGS, NotBuilt, root, variantsOf } from './addon.mjs';

/** Images of a plan: around every size at which kernels change. */
const BATCHES = [1, 2, 5, 15, 16, 17, 33, 64, 130];
/** Floats and integers between two parts of an arena, where gaps are asked for: more than the longest vector reads beyond its part. */
const GAP = 64;
/** Trained with by turns: together they have every operation of an update. */
const OPTIMIZERS = [
  { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4, nesterov: true, clipNorm: 0.5, decays: ['weight'] },
  { kind: 'adamw', weightDecay: 0.01, rates: { weight: 0.5 } },
];
/** What the address sanitizer finds as well is left to it, in calls: inline, both would make GCC take minutes. */
const MEMORY = [
  '-fsanitize=address,undefined',
  '-fno-sanitize=null,object-size',
  '-fno-sanitize-recover=undefined',
  '--param=asan-instrumentation-with-call-threshold=0',
];
const RACES = ['-fsanitize=thread'];
/** Its first weight is so large that marking it takes more than one task. */
const WIDE = {
  version: 1,
  name: 'wide',
  input: { shape: [1100] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 1000 },
    { id: 'fc2', op: 'linear', from: ['fc1'], out: 3 },
  ],
  output: 'fc2',
};

const { values: options } = parseArgs({
  options: {
    networks: { type: 'string' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
});

const wanted = Number(options.networks ?? (options.quick ? 4 : 20));
/** The instruction sets looked at; the plainest needs no flags and compiles fastest. */
const variants = options.quick ? variantsOf(process.arch).slice(-1) : variantsOf(process.arch);

/** Something was found, or could not be looked for; the message ends a sentence. */
class Failed extends Error {}

async function gcc(args) {
  const compiler = spawn('gcc', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(compiler, 'close').catch(() => {
    throw new NotBuilt('gcc was not found');
  });
  if (status !== 0) throw new NotBuilt(`gcc ${args.join(' ')} failed`);
}

/** Runs all tasks, as many at a time as there are processors. */
async function together(tasks) {
  const queue = [...tasks];
  const work = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/** test/run-plans.c with the kernels, for both sanitizers: the paths of two programs. */
async function buildRunners(folder) {
  const flags = [...FLAGS, '-O1', '-g', '-fno-omit-frame-pointer'];
  const list = join(folder, 'variants.def');
  if (options.quick) writeFileSync(list, `VARIANT(${variants[0][0]}, 1)\n`);
  const only = options.quick ? [`-DVARIANTS_FILE="${list}"`] : [];
  const runners = [
    { path: join(folder, 'memory'), sanitizers: MEMORY },
    { path: join(folder, 'races'), sanitizers: RACES },
  ];
  const object = (path, variant) => `${path}-${variant}.o`;
  await together(
    runners.flatMap(({ path, sanitizers }) =>
      variants.map(
        ([variant, width, set]) =>
          () =>
            gcc([
              ...flags,
              ...sanitizers,
              ...set,
              `-DVARIANT=${variant}`,
              `-DVW=${width}`,
              '-c',
              '-o',
              object(path, variant),
              'c/kernels.c',
            ]),
      ),
    ),
  );
  for (const { path, sanitizers } of runners) {
    const objects = variants.map(([variant]) => object(path, variant));
    await gcc([...flags, ...sanitizers, ...only, '-o', path, 'test/run-plans.c', 'c/threads.c', ...objects, '-lm']);
  }
  return runners.map(({ path }) => path);
}

/** What `make` returns, and the gaps that its arena was given: between the parts that are counted out one by one. */
function withGaps(make) {
  const { floats, ints } = Arena.prototype;
  const gaps = new Map();
  const spread = (kind, original) =>
    function counted(count) {
      const start = original.call(this, count + GAP);
      gaps.set(this, [...(gaps.get(this) ?? []), { kind, start: start + count, end: start + Math.ceil((count + GAP) / 16) * 16 }]);
      return start;
    };
  Object.assign(Arena.prototype, { floats: spread('floats', floats), ints: spread('ints', ints) });
  try {
    const plan = make();
    return { plan, gaps: gaps.get(plan.place.arena) };
  } finally {
    Object.assign(Arena.prototype, { floats, ints });
  }
}

/** Two training steps of different numbers of images and a prediction, or predictions alone, or gradients of images and a prediction. */
function programsOf(plan, train) {
  const some = Math.ceil(plan.batchSize / 2);
  const steps = ['pack', 'keepStep', 'marks', 'update', 'pack', 'step', 'update', 'pack', 'predict'];
  const asked = plan.place.keeps ? 'inputGradient' : 'predict';
  const names = train ? steps : ['pack', asked, 'predict'];
  const later = train ? 4 : 1;
  return names.map((name, index) => ({
    operations: name === 'marks' ? marksOf(plan) : plan[name],
    batch: index > later ? some : plan.batchSize,
  }));
}

/** What a session asks after a step that kept dense gradients. */
const marksOf = ({ place }) =>
  [...place.params]
    .filter(([, { denseGradient }]) => denseGradient >= 0)
    .map(([param, { denseGradient }]) => ({ op: 'mark', in: denseGradient, count: place.net.params.get(param).size, ...place.marks }));

/** The parts of an arena that a session fills before it runs. */
function filled({ place, batchSize }, net, state, optimizer) {
  const stream = rng(1).stream('images');
  const images = Float32Array.from({ length: batchSize * net.shapes.get('input').reduce((a, b) => a * b, 1) }, () => stream.normal());
  const parts = [...place.constants.map(([at, value]) => [at, Float32Array.of(value)]), [place.images, images]];
  parts.push([place.marks.least, Float32Array.of(0.01)]);
  for (const [param, { values }] of place.params) parts.push([values, state.values.get(param)]);
  for (const [k, treatment] of place.treatments.entries())
    parts.push([place.hyper + k * HYPER, Float32Array.from(hyperOf(optimizer, treatment, 0.01, 1))]);
  return parts;
}

function indices(plan, net, state) {
  const ints = new Int32Array(plan.place.arena.intCount);
  for (const layer of plan.place.layers.values()) indexLayer(plan, ints, layer, state.topology.get(layer.param)?.live);
  indexDense(plan, ints);
  for (let n = 0; n < plan.batchSize * net.heads; n++) {
    ints[plan.place.labels + n] = n % net.classes;
    ints[plan.place.mixed + n] = (n + 1) % net.classes;
  }
  ints.set([1, 7, 0, 0], plan.place.draw);
  return ints;
}

/** As test/run-plans.c reads it. `rewired`: the state whose live positions are met, where they are not those that the plan was made for. */
function dump({ name, net, state, rewired = state, plan, train, optimizer, gaps = [] }) {
  const { arena } = plan.place;
  const bytes = [];
  const put = (...numbers) => bytes.push(Buffer.from(Int32Array.from(numbers).buffer));
  const gapsOf = (kind) => gaps.filter((gap) => gap.kind === kind).flatMap(({ start, end }) => [start, end]);
  const text = Buffer.from(`${name}\0`);
  put(text.length);
  bytes.push(text);
  put(arena.lanes, arena.floatCount, arena.intCount);
  for (const kind of ['floats', 'ints']) put(gapsOf(kind).length / 2, ...gapsOf(kind));
  const parts = filled(plan, net, state, optimizer);
  put(parts.length);
  for (const [start, values] of parts) {
    put(start, values.length);
    bytes.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  bytes.push(Buffer.from(indices(plan, net, rewired).buffer));
  const programs = programsOf(plan, train);
  put(programs.length);
  for (const { operations, batch } of programs) put(batch, operations.length, ...encode(operations));
  return Buffer.concat(bytes);
}

/** Every plan that a network can have with one size of batch. */
function plansOf(label, net, state, rewired, batchSize, optimizer) {
  const kinds = [
    { kind: 'predicts', train: false },
    { kind: 'trains', train: true },
    { kind: 'trains, keeps little', train: true, mostKept: 0 },
    { kind: 'gives gradients of images', train: false, inputGradients: true },
  ];
  return kinds.flatMap(({ kind, train, ...more }) => {
    const options = { batchSize, train, denseGradients: train, optimizer, ...more };
    const make = () => makePlan(net, state.topology, options);
    const name = `${label}, ${kind}, ${batchSize} images`;
    return [
      { name, net, state, train, optimizer, plan: make() },
      { name: `${name}, with gaps${train ? ', rewired' : ''}`, net, state, train, optimizer, ...(train && { rewired }), ...withGaps(make) },
    ];
  });
}

function* networks(count, seed) {
  const stream = (...names) => rng(seed).stream(...names);
  const fixed = options.quick ? [] : [lenet5(), wideResNet({ depth: 10, widen: 1, input: [3, 8, 8] }), WIDE];
  for (const spec of fixed) {
    const net = network(spec);
    yield { label: spec.name, net, state: randomState(net, stream(spec.name), initialState), batches: [3, 20] };
  }
  for (let k = 0; k < count; k++) {
    const net = network(randomNetwork(stream('network', k)));
    const pattern = PATTERNS[k % PATTERNS.length];
    const state = patterned(pattern, net, randomState(net, stream('state', k), initialState), stream('pattern', k));
    const first = k % BATCHES.length;
    const batches = [BATCHES[first], BATCHES[(first + 4) % BATCHES.length]].slice(options.quick ? 1 : 0);
    yield { label: `network ${k} (${pattern})`, net, state, batches };
  }
}

function run(runner, how, name, input) {
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1', TSAN_OPTIONS: 'halt_on_error=1' };
  const { status, stdout, stderr } = spawnSync(runner, how, { input, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status === 0) return stdout.trim().split(' ').map(Number);
  console.error(stderr);
  throw new Failed(`${name} with seed ${options.seed}: expected a clean run, received what stands above`);
}

async function runPlans(folder) {
  const [memory, races] = await buildRunners(folder);
  // Threads take turns on a few cores there, so a part of the networks must do.
  const runners = [
    { what: 'memory and undefined behaviour', runner: memory, how: ['every', '2'], share: 1 },
    { what: 'races', runner: races, how: ['best', '1', '2', '4', '8'], share: options.quick ? 0.5 : 0.25 },
  ];
  const met = new Set();
  for (const { what, runner, how, share } of runners) {
    let plans = 0;
    let runs = 0;
    let turn = 0;
    for (const { label, net, state, batches } of networks(Math.ceil(wanted * share), Number(options.seed))) {
      const optimizer = OPTIMIZERS[turn++ % OPTIMIZERS.length];
      const rewired = moved(state, rng(Number(options.seed)).stream('rewired', turn));
      const cases = batches.flatMap((batchSize) => plansOf(label, net, state, rewired, batchSize, optimizer));
      for (const { plan, train } of cases)
        for (const { operations } of programsOf(plan, train)) for (const { op } of operations) met.add(op);
      const counts = run(runner, how, label, Buffer.concat(cases.map(dump)));
      plans += counts[0];
      runs += counts[1];
    }
    console.log(`${what}: ${plans} plans, ${runs} runs, clean, ${Math.round(performance.now() / 1000)} s`);
  }
  const missed = Object.keys(LAYOUT).filter((op) => !met.has(op));
  if (missed.length > 0 && !options.quick) console.log(`no plan had: ${missed.join(', ')}`);
}

const folder = mkdtempSync(join(tmpdir(), 'sanitize-'));
try {
  await runPlans(folder);
} catch (error) {
  if (!(error instanceof NotBuilt || error instanceof Failed)) throw error;
  console.error(`sanitize: ${error.message}.`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
