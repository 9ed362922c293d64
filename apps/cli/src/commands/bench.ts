/**
 * `freetickets bench`: our own times alone, so that anybody can compare them with anything. `step` is a training step, `infer` a
 * prediction, `layers` shows where the time of a step goes. The comparison with other frameworks is `pnpm bench` (tooling/bench).
 */
import { availableParallelism } from 'node:os';
import { openProfiler, type Profile, plannedBytes } from '@freetickets/engine-sparse';
import { type Network, SparseError } from '@freetickets/sparse-core';
import type { Computing } from '../engines.ts';
import { resolveExperiment } from '../experiment.ts';
import type { Experiment, Flags } from '../experiment-fields.ts';
import { type Machine, machine, peakMemory } from '../machine.ts';
import { networkAlone } from '../networks.ts';
import type { Talk } from '../talk.ts';
import { computingNamed, openInference, openStep, randomModel, type Workload } from '../workload.ts';

export const WORKLOADS = ['step', 'infer', 'layers'] as const;

export interface BenchOptions {
  readonly workload: (typeof WORKLOADS)[number];
  readonly flags: Omit<Flags, 'engine'>;
  /** `auto` (default), `native`, an instruction set as in `native/avx2`, `wasm`, `wasm/plain` or `reference`. */
  readonly engine?: string;
  /** `infer` only. Default 1. */
  readonly members?: number;
  /** Timed runs, after one that is not. Default: as many as a second holds, and at least 5. */
  readonly repeats?: number;
  /** FMA peak of one thread in GFLOP/s, to give the share of it that was reached. */
  readonly peak?: number;
}

interface BenchBase {
  readonly network: string;
  readonly engine: string;
  readonly threads: number;
  readonly batchSize: number;
  readonly sparsity: number;
  readonly distribution: string;
  readonly seed: number;
  readonly memory: {
    /** Planned by the engine before anything runs. */
    readonly plannedBytes: number;
    /** The most that the process has held, Node included. */
    readonly peakBytes: number;
  };
  readonly machine: Machine;
}

export interface RunBench extends BenchBase {
  readonly workload: 'step' | 'infer';
  readonly members: number;
  /** Positions of weights that may be sparse, and those that live, of one member. */
  readonly weights: number;
  readonly nonzeros: number;
  /** Of one run, counted: see `Workload.flops`. */
  readonly flops: number;
  readonly milliseconds: { readonly minimum: number; readonly median: number; readonly repeats: number };
  /** `flops` in the least time. */
  readonly gflops: number;
  /** Of the FMA peak of all threads, in [0, 1]; with a `peak` only. */
  readonly peakShare?: number;
}

export interface LayersBench extends BenchBase, Profile {
  readonly workload: 'layers';
  /** FMA peak of all threads, in GFLOP/s; with a `peak` only. */
  readonly peakGflops?: number;
}

export type Bench = RunBench | LayersBench;

/** @throws SparseError for options that do not fit, and for kernels that are not there */
export async function bench(options: BenchOptions, talk: Talk): Promise<Bench> {
  const fields = resolveExperiment(options.flags);
  const network = await networkAlone(fields.network);
  const computing = computingNamed(options.engine ?? 'auto', fields.threads, talk.say);
  const { members = 1, workload } = options;
  if (members > 1 && workload !== 'infer')
    throw new SparseError('INVALID_CONFIG', '--members', `1 with ${workload}: members are trained one by one`, members);
  const setting = { fields, network, computing };
  return workload === 'layers' ? benchLayers(setting, options) : benchRuns(setting, { ...options, members, workload });
}

interface Setting {
  readonly fields: Experiment;
  readonly network: Network;
  readonly computing: Computing;
}

async function benchRuns(
  { fields, network, computing }: Setting,
  { workload, members, repeats, peak }: BenchOptions & { readonly workload: 'step' | 'infer'; readonly members: number },
): Promise<RunBench> {
  const options = { ...fields, network, computing };
  await using work = await (workload === 'step' ? openStep(options) : openInference({ ...options, members }));
  const times = await timesOf(work, repeats);
  const { weights, nonzeros, flops } = work;
  const minimum = times[0]!;
  const gflops = flops / minimum / 1e6;
  const base = baseOf({ fields, network, computing }, work.plannedBytes);
  return {
    workload,
    ...base,
    members,
    weights,
    nonzeros,
    flops,
    milliseconds: { minimum, median: median(times), repeats: times.length },
    gflops,
    ...(peak !== undefined && { peakShare: gflops / (peak * base.threads) }),
  };
}

async function benchLayers({ fields, network, computing }: Setting, { repeats, peak }: BenchOptions): Promise<LayersBench> {
  const { batchSize } = fields;
  const state = randomModel({ ...fields, network });
  const { engine, threads } = computing;
  const profiler = await openProfiler(network, state, { batchSize, engine: engine.name, ...(threads !== undefined && { threads }) });
  await repeat(async () => profiler.run(), repeats);
  const profile = profiler.profile();
  const base = baseOf({ fields, network, computing }, plannedBytes(network, state.topology, { batchSize }));
  return { workload: 'layers', ...base, ...profile, ...(peak !== undefined && { peakGflops: peak * base.threads }) };
}

function baseOf({ fields, network, computing }: Setting, planned: number): BenchBase {
  const { batchSize, sparsity, distribution, seed } = fields;
  return {
    network: network.spec.name,
    engine: computing.engine.name,
    threads: computing.engine.name.startsWith('native') ? (computing.threads ?? availableParallelism()) : 1,
    batchSize,
    sparsity,
    distribution,
    seed,
    memory: { plannedBytes: planned, peakBytes: peakMemory() },
    machine: machine(),
  };
}

/** Milliseconds of each run, sorted. The first run, which fills caches and starts threads, does not count. */
async function timesOf(work: Workload, repeats: number | undefined): Promise<number[]> {
  const times: number[] = [];
  await repeat(async () => {
    const start = performance.now();
    await work.run();
    times.push(performance.now() - start);
  }, repeats);
  return times.slice(1).sort((a, b) => a - b);
}

const LEAST_REPEATS = 5;
const ENOUGH_MS = 1000;

/** Once to warm up, then `repeats` times, or for a second. */
async function repeat(run: () => Promise<void>, repeats: number | undefined): Promise<void> {
  await run();
  const start = performance.now();
  const enough = (done: number) =>
    repeats === undefined ? done >= LEAST_REPEATS && performance.now() - start >= ENOUGH_MS : done >= repeats;
  for (let done = 0; !enough(done); done++) await run();
}

/** Of sorted numbers. */
const median = (sorted: readonly number[]): number =>
  (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
