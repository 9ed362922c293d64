/**
 * Random small networks on every engine, against the reference: losses, gradients, values after two steps, gradients of images, predictions.
 * Predictions of every plan are held to those of one plan that only predicts, in whole blocks. AGREEMENT_NETWORKS=5000 draws more than the default,
 * AGREEMENT_SEED others.
 */
import { initialState, type ModelState, type Network, network, type OptimizerSpec, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { randomNetwork, randomState } from '../test/random-network.mjs';
import { nativeExecutor, nativeStatus } from './native.node.ts';
import type { PlacementOptions } from './placement.ts';
import { indexDense, indexLayer, makePlan, type Plan } from './plan.ts';
import { referenceExecutor } from './reference.ts';
import type { Executor } from './session.ts';
import { HYPER, hyperOf } from './update.ts';
import { wasmExecutor, wasmStatus } from './wasm.ts';

const NETWORKS = Number(process.env.AGREEMENT_NETWORKS ?? 40);
const SEED = Number(process.env.AGREEMENT_SEED ?? 1);
/** Of max |found - truth| / max |truth|, where a tensor is not much smaller than the largest of its kind: rounding only. */
const BOUND = 1e-3;

/** Adam's eps is large: the sign of a gradient that is zero but for rounding must not decide where a weight goes. */
const OPTIMIZERS: readonly OptimizerSpec[] = [
  { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4, nesterov: true, clipNorm: 0.5, decays: ['weight'], rates: { bias: 2 } },
  { kind: 'adamw', weightDecay: 0.1, eps: 0.01, rates: { weight: 0.5 } },
];

interface Case {
  readonly net: Network;
  readonly state: ModelState;
  /** Images that a session is opened for, and of a smaller batch. */
  readonly batchSize: number;
  readonly some: number;
  readonly images: Float32Array;
  readonly optimizer: OptimizerSpec;
}
type Values = ReadonlyMap<string, Float32Array>;

function drawCase(index: number, attempt: number): Case {
  const stream = rng(SEED).stream('case', index);
  const net = network(randomNetwork(stream));
  const state = randomState(net, stream, initialState);
  const batchSize = 1 + stream.below(70);
  const size = net.shapes.get('input')!.reduce((a, b) => a * b, 1);
  const pixels = rng(SEED).stream('images', index, attempt);
  const images = Float32Array.from({ length: batchSize * size }, () => pixels.normal());
  return { net, state, batchSize, some: 1 + stream.below(batchSize), images, optimizer: OPTIMIZERS[index % OPTIMIZERS.length]! };
}

/** A plan, filled and ready to run. */
function prepare<Program>(executor: Executor<Program>, { net, state, images }: Case, options: PlacementOptions) {
  const plan = makePlan(net, state.topology, options);
  const { place } = plan;
  const { floats, ints } = executor.allocate(place.arena.floatCount, place.arena.intCount);
  for (const [at, value] of place.constants) floats[at] = value;
  for (const [param, { values }] of place.params) floats.set(state.values.get(param)!, values);
  for (const layer of place.layers.values()) indexLayer(plan, ints, layer, state.topology.get(layer.param)?.live);
  indexDense(plan, ints);
  for (let n = 0; n < options.batchSize; n++) floats[place.shares + n] = n % 3 === 0 ? 0.25 : 0;
  for (let n = 0; n < options.batchSize * net.heads; n++) {
    ints[place.labels + n] = n % net.classes;
    ints[place.mixed + n] = (n + 1) % net.classes;
  }
  const run = (name: 'pack' | 'predict' | 'step' | 'keepStep' | 'update' | 'inputGradient', batch: number) =>
    executor.run(executor.compile(plan[name]), floats, ints, place.arena.lanes, batch);
  const predict = (batch: number) => {
    floats.set(images.subarray(0, (images.length / options.batchSize) * batch), place.images);
    run('predict', batch);
    return floats.slice(place.logits, place.logits + batch * net.heads * net.classes);
  };
  return { plan, floats, ints, run, predict };
}

function predictions(executor: Executor, given: Case, batchSize = given.batchSize): Float32Array {
  const images = given.images.slice(0, (given.images.length / given.batchSize) * batchSize);
  const { run, predict } = prepare(executor, { ...given, images }, { batchSize, train: false, denseGradients: false });
  run('pack', 1);
  return predict(batchSize);
}

/** Losses, all gradients and dense gradients of a step, values after two, by name. */
function training(executor: Executor, given: Case, mostKept: number): { readonly values: Values; readonly predicted: Float32Array[] } {
  const { net, batchSize, some, images } = given;
  const options = { batchSize, train: true, denseGradients: true, mostKept, optimizer: given.optimizer, loss: { labelSmoothing: 0.1 } };
  const { plan, floats, ints, run, predict } = prepare(executor, given, options);
  const { place } = plan;
  run('pack', 1);
  const predicted = [predict(batchSize), predict(some)];
  place.treatments.forEach((treatment, k) => {
    floats.set(hyperOf(given.optimizer, treatment, 0.01, 1), place.hyper + k * HYPER);
  });
  ints.set([1, 7, 0, 0], place.draw);
  const values = new Map<string, Float32Array>();
  for (const [step, batch] of [batchSize, some].entries()) {
    floats.set(images, place.images);
    run('pack', 1);
    run(step === 0 ? 'keepStep' : 'step', batch);
    for (const [name, found] of results(plan, floats, net, batch, step === 0)) values.set(`${name} of step ${step}`, found);
    run('update', batch);
  }
  for (const [param, { values: at, count }] of place.params) values.set(`value ${param}`, floats.slice(at, at + count));
  return { values, predicted };
}

function results({ place }: Plan, floats: Float32Array, net: Network, batch: number, dense: boolean): Values {
  const { trained } = place;
  const found = new Map([['loss', floats.slice(place.loss, place.loss + batch)]]);
  for (const [param, { values, count, trainable, denseGradient }] of place.params) {
    const at = values - trained.values + trained.gradients;
    if (trainable) found.set(`gradient ${param}`, floats.slice(at, at + count));
    if (dense && denseGradient >= 0)
      found.set(`dense gradient ${param}`, floats.slice(denseGradient, denseGradient + net.params.get(param)!.size));
  }
  return found;
}

function imageGradients(executor: Executor, given: Case): Float32Array {
  const { batchSize, some, images } = given;
  const options = { batchSize, train: false, denseGradients: false, inputGradients: true, loss: { heads: 'sum' } } as const;
  const { plan, floats, run } = prepare(executor, given, options);
  floats.set(images, plan.place.images);
  run('pack', 1);
  run('inputGradient', some);
  return floats.slice(plan.place.images, plan.place.images + (images.length / batchSize) * some);
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What differs, in words; nothing if all agree. */
function difference(found: Values, truth: Values): string[] {
  const kind = (name: string) => name.split(' ', 1)[0]!;
  const scales = new Map<string, number>();
  for (const [name, values] of truth) scales.set(kind(name), Math.max(scales.get(kind(name)) ?? 0.01, largest(values)));
  return [...truth].flatMap(([name, values]) => {
    const scale = Math.max(largest(values), scales.get(kind(name))! / 100);
    const other = found.get(name)!;
    const error = values.reduce((most, value, k) => Math.max(most, Math.abs(value - other[k]!)), 0) / scale;
    return error <= BOUND && other.length === values.length ? [] : [`${name}: error ${error}`];
  });
}

function compare(executor: Executor, given: Case): string[] {
  const { batchSize, some } = given;
  const first = (logits: Float32Array, count: number) => logits.slice(0, count * given.net.heads * given.net.classes);
  const whole = predictions(reference, { ...given, ...padded(given) }, Math.max(16, batchSize));
  const found = new Map<string, Float32Array>([[`logits of ${batchSize}`, predictions(executor, given)]]);
  const truth = new Map<string, Float32Array>([[`logits of ${batchSize}`, first(whole, batchSize)]]);
  const few = Math.min(some, 15);
  found.set(`logits of ${few}`, predictions(executor, given, few));
  truth.set(`logits of ${few}`, first(whole, few));
  found.set('gradient of images', imageGradients(executor, given));
  truth.set('gradient of images', imageGradients(reference, given));
  const expected = training(reference, given, Number.POSITIVE_INFINITY);
  const messages = [...difference(found, truth)];
  for (const mostKept of [Number.POSITIVE_INFINITY, 0]) {
    const { values, predicted } = training(executor, given, mostKept);
    const shared = mostKept === 0 ? 'shared memory, ' : '';
    const logits = new Map(predicted.map((one, k) => [`logits ${k}`, one]));
    const right = new Map(predicted.map((_, k) => [`logits ${k}`, first(whole, [batchSize, some][k]!)]));
    messages.push(...[...difference(values, expected.values), ...difference(logits, right)].map((message) => shared + message));
  }
  return messages;
}

/** At least a whole block of images. */
function padded({ images, batchSize }: Case) {
  const size = Math.max(16, batchSize);
  const more = new Float32Array((images.length / batchSize) * size);
  more.set(images);
  return { images: more, batchSize: size };
}

const reference = referenceExecutor() as Executor;
const status = nativeStatus();
const executors: readonly Executor[] = [
  reference,
  ...((await Promise.all(wasmStatus().variants.map(wasmExecutor))) as Executor[]),
  ...(status.available ? [nativeExecutor(undefined, 2) as Executor] : []),
];

describe('random networks', () => {
  it.each(executors.map((executor) => [executor.name, executor] as const))(
    `%s agrees with the reference within ${BOUND} on ${NETWORKS} networks`,
    (_name, executor) => {
      const failed: unknown[] = [];
      for (let index = 0; index < NETWORKS; index++) {
        const given = drawCase(index, 0);
        let messages = compare(executor, given);
        // A value next to zero may fall to either side of a ReLU, one of two next to equal may be the largest: hardly with other images too.
        if (messages.length > 0) messages = compare(executor, drawCase(index, 1));
        if (messages.length === 0) continue;
        failed.push(index);
        console.log(JSON.stringify({ index, messages, batchSize: given.batchSize, some: given.some, spec: given.net.spec }));
      }
      expect(failed).toEqual([]);
    },
    Math.max(60_000, NETWORKS * 1000),
  );
});
