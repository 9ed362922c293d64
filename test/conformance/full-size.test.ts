/**
 * Ten training steps of sparse networks of full size have the losses that PyTorch has in float64 (tooling/golden/make_training.py). All run on
 * the sparse engine; on TensorFlow.js the wide ResNet does, and with TFJS_BACKENDS=wasm (or tensorflow, cpu) both, which takes a minute or two.
 */
import { readFileSync } from 'node:fs';
import { bestEngine } from '@freetickets/engine-sparse';
import { tfjsEngine } from '@freetickets/engine-tfjs';
import { type Backend, loadTfjs } from '@freetickets/engine-tfjs/node';
import {
  type LayerTopology,
  type ModelState,
  modelByName,
  type Network,
  network,
  type OptimizerSpec,
  type ParamName,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { formulaValues, uniform } from './formula.ts';
import type { MakeEngine } from './sessions.ts';

interface Run {
  readonly input: readonly number[];
  readonly batchSize: number;
  readonly sparsity: number;
  readonly learningRate: number;
  /** By the end of a parameter's name. */
  readonly factors: Readonly<Record<string, number>>;
  readonly optimizer: OptimizerSpec;
  readonly losses: readonly number[];
}

const { runs }: { readonly runs: Readonly<Record<string, Run>> } = JSON.parse(
  readFileSync(new URL('../golden/training.json', import.meta.url), 'utf8'),
);
const BOUND = 1e-4;
const MINUTES = 60_000;

function startOf(net: Network, { sparsity, factors }: Run): ModelState {
  const topology = new Map<ParamName, LayerTopology>();
  const values = formulaValues(net);
  for (const [param, dense] of values) {
    const { sparsifiable, shape, size } = net.params.get(param)!;
    const factor = Object.entries(factors).find(([end]) => param.endsWith(end))?.[1];
    if (factor !== undefined)
      values.set(
        param,
        dense.map((value) => value * factor),
      );
    if (!sparsifiable) continue;
    const lives = uniform(`mask of ${param}`, size, (u) => (u >= sparsity ? 1 : 0));
    const live = Uint32Array.from(dense.keys()).filter((position) => lives[position] === 1);
    topology.set(param, { shape, live });
    values.set(
      param,
      Float32Array.from(live, (position) => dense[position]! / Math.sqrt(1 - sparsity)),
    );
  }
  return { spec: net.spec, topology, values, step: 0 };
}

async function expectLosses(name: string, makeEngine: MakeEngine): Promise<void> {
  const run = runs[name]!;
  const { input, batchSize: size, learningRate, optimizer } = run;
  const net = network(modelByName(name, { input }));
  await using session = await (await makeEngine()).open(net, startOf(net, run), { batchSize: size, optimizer, threads: 2 });
  const pixels = input.reduce((a, b) => a * b, 1);
  for (const [step, loss] of run.losses.entries()) {
    const images = uniform(`images ${step}`, size * pixels, (u) => 2 * u - 1);
    const labels = Int32Array.from(uniform(`labels ${step}`, size, (u) => Math.floor(u * net.classes)));
    const found = await session.trainStep({ size, images, labels }, { learningRate });
    expect(Math.abs(found.loss - loss) / loss, `step ${step}`).toBeLessThan(BOUND);
  }
}

describe(`losses of ten steps within ${BOUND} of PyTorch`, () => {
  it.each(Object.keys(runs))('%s, sparse engine', (name) => expectLosses(name, () => bestEngine({ onFallback() {} })), 5 * MINUTES);

  const wanted = process.env.TFJS_BACKENDS?.split(',') as Backend[] | undefined;
  for (const backend of wanted ?? (['wasm'] as const))
    for (const name of Object.keys(runs))
      it.skipIf(!wanted && name === 'resnet-50')(
        `${name}, tfjs/${backend}`,
        () => expectLosses(name, async () => tfjsEngine(await loadTfjs(backend))),
        30 * MINUTES,
      );
});
