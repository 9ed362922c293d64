/** Our side: holds tasks and runs them when asked, as peers/protocol.py does for the others. */
import { createInterface } from 'node:readline';
import { computingNamed, machine, openInference, openStep } from '@freetickets/cli';
import { openProfiler } from '@freetickets/engine-sparse';
import { modelByName, network } from '@freetickets/sparse-core';
import { LAYER, layerNetwork, layerState } from '../layer-network.ts';
import type { Times } from '../side.ts';
import type { OursLayerTask, OursNetworkTask, OursTask } from '../tasks.ts';
import { openRewiring } from './rewiring.ts';

/** Milliseconds of each part of one run. */
type Run = () => Promise<Readonly<Record<string, number>>>;

interface Held {
  readonly run: Run;
  close(): Promise<void>;
}

interface Request {
  readonly call: 'prepare' | 'run' | 'release';
  readonly name: string;
  readonly task: OursTask;
  readonly leastMs: number;
}

const held = new Map<string, Held>();
const answer = (document: object) => process.stdout.write(`${JSON.stringify(document)}\n`);

const say = (line: string) => process.stderr.write(`${line}\n`);

const { freetickets, node, instructionSets } = machine();
answer({ ok: { freetickets, node, kernels: instructionSets[0] ?? 'none' } });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  await handle(request).then(
    (ok) => answer({ ok }),
    (error: Error) => answer({ error: error.message }),
  );
}

async function handle({ call, name, task, leastMs }: Request): Promise<Times | null> {
  if (call === 'run') return repeat(held.get(name)!.run, leastMs);
  if (call === 'prepare') held.set(name, await (task.kind === 'layer' ? holdLayer(task) : holdNetwork(task)));
  else {
    await held.get(name)?.close();
    held.delete(name);
  }
  return null;
}

async function repeat(run: Run, leastMs: number): Promise<Times> {
  const times: Record<string, number[]> = {};
  const start = performance.now();
  do {
    for (const [part, milliseconds] of Object.entries(await run())) times[part] = [...(times[part] ?? []), milliseconds];
  } while (performance.now() - start < leastMs);
  return times;
}

async function holdNetwork({ kind, network: name, engine, threads, members = 1, ...task }: OursNetworkTask): Promise<Held> {
  const options = {
    ...task,
    distribution: 'erk',
    network: network(modelByName(name)),
    computing: computingNamed(engine, threads, say),
  } as const;
  if (kind === 'rewire') return openRewiring(options);
  const work = await (kind === 'step' ? openStep(options) : openInference({ ...options, members }));
  return {
    async run() {
      const start = performance.now();
      await work.run();
      return { [kind]: performance.now() - start };
    },
    close: async () => work[Symbol.asyncDispose](),
  };
}

async function holdLayer(task: OursLayerTask): Promise<Held> {
  const { engine, threads, batchSize, forwardOnly = false, live, seed } = task;
  const net = layerNetwork(task);
  const { name } = computingNamed(engine, threads, say).engine;
  const options = { batchSize, threads, engine: name, train: !forwardOnly };
  const profiler = await openProfiler(net, layerState(net, live, seed), options);
  profiler.run();
  return {
    async run() {
      const { forwardMs, inputGradientMs = 0, weightGradientMs = 0 } = profiler.runLayer(LAYER);
      return forwardOnly ? { forward: forwardMs } : { forward: forwardMs, backward: inputGradientMs + weightGradientMs };
    },
    close: async () => {},
  };
}
