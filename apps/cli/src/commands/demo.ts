/** `freetickets demo`: the whole way in two minutes, on generated pictures: train, compare, export, run, serve. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnsemble } from '@freetickets/ensemble';
import { openModel, serve } from '@freetickets/inference';
import { planCost } from '@freetickets/dst-trainer';
import { network } from '@freetickets/sparse-core';
import { openData } from '../data.ts';
import { engineByName } from '../engines.ts';
import { type Experiment, resolveExperiment } from '../experiment.ts';
import { RunFolder } from '../run-folder.ts';
import { durationText, percent, type Talk, table } from '../talk.ts';
import { type Evaluation, evaluateRun, meanOf, type Scores } from './evaluate.ts';
import { exportRun } from './export.ts';
import { plansOf, startRun, type TrainResult } from './train.ts';

/** Small enough for the slow reference engine, large enough that an ensemble shows what it can. */
const COMMON = { dataset: 'generated', network: 'lenet-300-100', sparsity: '0.9', exploreEpochs: '6', refineEpochs: '4', rewireEvery: '130', batchSize: '64', seed: '17' };

interface Trained {
  readonly experiment: Experiment;
  readonly folder: string;
  readonly training: TrainResult;
  readonly evaluation: Evaluation;
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

export async function demo(talk: Talk): Promise<DemoResult> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'freetickets-demo-'));
  try {
    talk.say('1/5 train: three sparse tickets in one run, then one dense network of the same size');
    const ensemble = await trainOne({ ...COMMON, method: 'edst', tickets: '3' }, join(folder, 'edst'), talk);
    const dense = await trainOne({ ...COMMON, method: 'dense', tickets: '1' }, join(folder, 'dense'), talk);
    talk.say('2/5 evaluate: both on the same test pictures');
    talk.say('3/5 export: three tickets as one ONNX file');
    const model = join(folder, 'ensemble.onnx');
    await exportRun(ensemble.folder, { output: model, normalize: false });
    talk.say('4/5 run: the file in onnxruntime, against the engine that trained it');
    const onnxDifference = await compareOnnx(ensemble, model, talk);
    talk.say('5/5 serve: the file over HTTP');
    const served = await askServer(ensemble, model, talk);
    const net = network((await RunFolder.open(ensemble.folder)).record.network);
    const cost = planCost(net, plansOf(ensemble.experiment), 1);
    return {
      engine: ensemble.training.engine,
      seconds: (performance.now() - started) / 1000,
      ensemble: ensemble.evaluation,
      dense: dense.evaluation,
      trainingSeconds: { ensemble: ensemble.training.seconds, dense: dense.training.seconds },
      trainingVersusDense: cost.trainingVersusDense,
      inferenceVersusDense: cost.inferenceVersusDense,
      onnxDifference,
      served,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trainOne(flags: Parameters<typeof resolveExperiment>[0], folder: string, talk: Talk): Promise<Trained> {
  const experiment = resolveExperiment(flags);
  const training = await startRun(experiment, folder, talk);
  return { experiment, folder, training, evaluation: await evaluateRun(folder, 'test', talk) };
}

async function compareOnnx({ experiment, folder }: Trained, path: string, talk: Talk): Promise<number> {
  const { test } = await openData(experiment, talk.say);
  const { folder: run } = await RunFolder.open(folder);
  const members = (await run.tickets()).map(({ state }) => state);
  await using ensemble = await openEnsemble(members, { engine: engineByName(experiment.engine, talk.say) });
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

async function askServer({ experiment }: Trained, path: string, talk: Talk): Promise<DemoResult['served']> {
  const { test } = await openData(experiment, talk.say);
  const [first] = test.batches({ batchSize: 1 });
  const { images, labels } = first!;
  const server = await serve({ models: { ensemble: { path } }, port: 0 });
  try {
    const url = `${server.address}/v2/models/ensemble/infer`;
    const body = { inputs: [{ name: 'images', datatype: 'FP32', shape: [1, ...test.shape], data: Array.from(images) }], outputs: [{ name: 'probabilities' }] };
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
  const row = (name: string, s: Scores, training: string, inference: string) => [name, percent(s.accuracy), s.nll.toFixed(3), percent(s.ece), training, inference];
  const member = Object.fromEntries((['accuracy', 'nll', 'ece', 'brier'] as const).map((name) => [name, meanOf(ensemble.members, name)])) as unknown as Scores;
  const times = (value: number) => `${value.toFixed(2)}x`;
  const rows = [
    row('ensemble of 3 tickets', ensemble.ensemble, times(result.trainingVersusDense), times(result.inferenceVersusDense)),
    row('its mean member', member, '', times(result.inferenceVersusDense / ensemble.members.length)),
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
