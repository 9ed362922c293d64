/** `freetickets demo`: the whole way in two minutes, on generated pictures: train, compare, export, run, serve. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemorySource } from '@freetickets/datasets';
import { openEnsemble } from '@freetickets/ensemble';
import { openModel, serve } from '@freetickets/inference';
import { openData } from '../data.ts';
import { computingFor } from '../engines.ts';
import { resolveExperiment } from '../experiment.ts';
import type { Experiment, Flags } from '../experiment-fields.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { durationText, percent, table } from '../text.ts';
import { type Evaluation, evaluateRun, meanScores, type Scores } from './evaluate.ts';
import { exportRun } from './export.ts';
import { startRun, type TrainResult } from './train.ts';

/** Small enough for the slow reference engine, large enough that an ensemble shows what it can. */
const COMMON = {
  dataset: 'generated',
  network: 'lenet-300-100',
  sparsity: '0.9',
  imageSize: '24',
  exploreEpochs: '12',
  refineEpochs: '8',
  rewireEvery: '250',
  batchSize: '64',
  seed: '17',
};

interface Trained {
  readonly experiment: Experiment;
  readonly folder: string;
  readonly training: TrainResult;
}

export interface DemoResult {
  readonly engine: string;
  readonly seconds: number;
  readonly ensemble: Evaluation;
  readonly dense: Evaluation;
  readonly trainingSeconds: { readonly ensemble: number; readonly dense: number };
  readonly trainingVersusDense: number;
  readonly inferenceVersusDense: number;
  /** Largest difference of a probability between onnxruntime and the engine that trained. */
  readonly onnxDifference: number;
  readonly served: { readonly url: string; readonly class: string; readonly probability: number; readonly label: string };
}

/** @returns undefined when `signal` aborted it; either way nothing is left on disk */
export async function demo(talk: Talk, signal?: AbortSignal): Promise<DemoResult | undefined> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'freetickets-demo-'));
  try {
    talk.say('1/5 train: three sparse tickets in one run, then one dense network of the same size');
    const sparse = await trainOne({ ...COMMON, method: 'edst', tickets: '3' }, join(folder, 'edst'), talk, signal);
    if (signal?.aborted) return undefined;
    const dense = await trainOne({ ...COMMON, method: 'dense', tickets: '1' }, join(folder, 'dense'), talk, signal);
    if (signal?.aborted) return undefined;
    talk.say('2/5 evaluate: both on the same test pictures');
    const evaluations = { ensemble: await evaluateRun(sparse.folder, 'test', talk), dense: await evaluateRun(dense.folder, 'test', talk) };
    talk.say('3/5 export: three tickets as one ONNX file');
    const model = join(folder, 'ensemble.onnx');
    await exportRun(sparse.folder, { output: model, normalize: false }, talk);
    if (signal?.aborted) return undefined;
    talk.say('4/5 run: the file in onnxruntime, against the engine that trained it');
    const { test } = await openData(sparse.experiment, talk);
    const onnxDifference = await compareOnnx(sparse, model, test);
    talk.say('5/5 serve: the file over HTTP');
    const served = await askServer(test, model);
    const { engine, cost } = sparse.training;
    return {
      engine,
      seconds: (performance.now() - started) / 1000,
      ...evaluations,
      trainingSeconds: { ensemble: sparse.training.seconds, dense: dense.training.seconds },
      trainingVersusDense: cost.trainingVersusDense,
      inferenceVersusDense: cost.inferenceVersusDense,
      onnxDifference,
      served,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trainOne(flags: Flags, folder: string, talk: Talk, signal: AbortSignal | undefined): Promise<Trained> {
  const experiment = resolveExperiment(flags);
  return { experiment, folder, training: await startRun(experiment, folder, talk, { signal }) };
}

/** Over the whole test set. */
async function compareOnnx({ experiment, folder }: Trained, path: string, test: MemorySource): Promise<number> {
  const { folder: run } = await RunFolder.open(folder);
  const members = (await run.tickets()).map(({ state }) => state);
  await using ensemble = await openEnsemble(members, await computingFor(experiment));
  await using model = await openModel(path);
  let largest = 0;
  for (const { images, size } of test.batches({ batchSize: 250 })) {
    const { probs } = await ensemble.predict(images, size);
    const { probabilities } = await model.run({ images: { datatype: 'FP32', shape: [size, ...test.shape], data: images } });
    probs.forEach((p, i) => {
      largest = Math.max(largest, Math.abs(p - Number(probabilities!.data[i])));
    });
  }
  return largest;
}

async function askServer(test: MemorySource, path: string): Promise<DemoResult['served']> {
  const [first] = test.batches({ batchSize: 1 });
  const { images, labels } = first!;
  const server = await serve({ models: { ensemble: { path } }, port: 0 });
  try {
    const url = `${server.address}/v2/models/ensemble/infer`;
    const body = {
      inputs: [{ name: 'images', datatype: 'FP32', shape: [1, ...test.shape], data: Array.from(images) }],
      outputs: [{ name: 'probabilities' }],
    };
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
    const probabilities = outputs[0]!.data;
    const index = probabilities.indexOf(Math.max(...probabilities));
    return { url, class: test.classes[index]!, probability: probabilities[index]!, label: test.classes[labels[0]!]! };
  } finally {
    await server.close();
  }
}

export function demoText(result: DemoResult): string {
  const { ensemble, dense, trainingSeconds, served } = result;
  const row = (name: string, s: Scores, training: string, inference: string) => [
    name,
    percent(s.accuracy),
    s.nll.toFixed(3),
    percent(s.ece),
    training,
    inference,
  ];
  const times = (value: number) => `${value.toFixed(2)}x`;
  const rows = [
    row('ensemble of 3 tickets', ensemble.ensemble, times(result.trainingVersusDense), times(result.inferenceVersusDense)),
    row('its mean member', meanScores(ensemble.members), '', times(result.inferenceVersusDense / ensemble.members.length)),
    row('one dense network', dense.ensemble, '1.00x', '1.00x'),
  ];
  return [
    '',
    table([`${ensemble.samples} test pictures`, 'accuracy', 'NLL', 'ECE', 'training FLOPs', 'inference FLOPs'], rows),
    '',
    `training took ${durationText(trainingSeconds.ensemble)} for the ensemble and ${durationText(trainingSeconds.dense)} for the dense network (engine ${result.engine})`,
    `onnxruntime agrees with the engine within ${result.onnxDifference.toExponential(1)} in probability`,
    `the server answered "${served.class}" with ${percent(served.probability, 1)} (label: ${served.label})`,
    `everything together: ${durationText(result.seconds)}`,
  ].join('\n');
}
