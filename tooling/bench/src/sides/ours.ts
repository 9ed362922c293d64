/** Our side: training steps, predictions, rewirings and single layers. */
import { computingFor, computingNamed, type Experiment, machine, openInference, openStep, tellNotes } from '@freetickets/cli';
import { openProfiler } from '@freetickets/engine-sparse';
import { modelByName, network } from '@freetickets/sparse-core';
import { LAYER, layerNetwork, layerState } from '../layer-network.ts';
import type { OursLayerTask, OursNetworkTask, OursTask } from '../tasks.ts';
import { openRewiring } from './rewiring.ts';
import { type Held, serve } from './serve.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);

const { freetickets, node, instructionSets } = machine();
await serve<OursTask>({ freetickets, node, kernels: instructionSets[0] ?? 'none' }, (task) =>
  task.kind === 'layer' ? holdLayer(task) : holdNetwork(task),
);

async function holdNetwork({ kind, network: name, engine, threads, members = 1, ...task }: OursNetworkTask): Promise<Held> {
  const options = {
    ...task,
    distribution: 'erk',
    network: network(modelByName(name)),
    computing: await (engine.startsWith('tfjs')
      ? computingFor({ engine: engine as Experiment['engine'], threads })
      : computingNamed(engine, threads, say)),
  } as const;
  tellNotes(say);
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
