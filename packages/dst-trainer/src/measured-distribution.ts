/**
 * Live counts measured before the first step: which layers the loss needs most, by one batch through the dense network. The scores choose the
 * layers' shares only; which weights live is drawn as for every other distribution.
 */
import {
  type Batch,
  type Distribution,
  distributionFromScores,
  type Engine,
  graspScores,
  initialState,
  type ModelState,
  magnitudeScores,
  type Network,
  type ParamName,
  SparseError,
  snipScores,
  type WeightScores,
} from '@freetickets/sparse-core';
import type { Ratios } from './plans/plan.ts';

export interface Measuring {
  readonly network: Network;
  readonly engine: Engine;
  /** Keys the first values, which are those that training starts with. */
  readonly seed: number;
  readonly batch: Batch;
  readonly threads?: number | undefined;
}

type Arrays = ReadonlyMap<ParamName, Float32Array>;

/** The logits are divided by this when GraSP measures, which keeps the softmax of an untrained network away from its corners. */
const GRASP_TEMPERATURE = 200;

/** How far GraSP moves the weights to see the gradient change, as a part of their norm. */
const MOVE = 1e-3;

/** @throws SparseError NON_FINITE when the batch gives gradients that are no numbers */
export async function measuredDistribution(ratios: Ratios, measuring: Measuring): Promise<Distribution> {
  const { network, seed } = measuring;
  return distributionFromScores(await scoresFor(ratios, initialState(network, new Map(), seed), measuring));
}

async function scoresFor(ratios: Ratios, state: ModelState, measuring: Measuring): Promise<WeightScores> {
  const values = weightsOf(measuring.network, state.values);
  if (ratios === 'magnitude') return magnitudeScores(values);
  if (ratios === 'snip') return snipScores(values, await gradientsAt(state, measuring, 1));
  return graspScores(values, await hessianGradient(state, measuring, GRASP_TEMPERATURE));
}

/**
 * The product of the loss's Hessian with its gradient, over the weights that may be sparse, by central differences of the gradient along itself:
 * engines have no second derivatives. The error falls with the square of the step until float32 rounding takes over.
 */
export async function hessianGradient(state: ModelState, measuring: Measuring, temperature: number): Promise<Arrays> {
  const gradients = await gradientsAt(state, measuring, temperature);
  const length = norm(gradients);
  if (length === 0) return gradients;
  const step = (MOVE * norm(weightsOf(measuring.network, state.values))) / length;
  const ahead = await gradientsAt(moved(state, gradients, step), measuring, temperature);
  const behind = await gradientsAt(moved(state, gradients, -step), measuring, temperature);
  return new Map([...ahead].map(([param, slope]) => [param, slope.map((after, i) => (after - behind.get(param)![i]!) / (2 * step))]));
}

const moved = (state: ModelState, along: Arrays, step: number): ModelState => ({
  ...state,
  values: new Map([...state.values].map(([param, array]) => [param, array.map((value, i) => value + step * (along.get(param)?.[i] ?? 0))])),
});

/**
 * Gradients of the loss of softmax(logits / temperature). Engines know no temperature, but a linear output layer with its parameters divided by it
 * gives the same loss, and by the chain rule the gradient of what was divided is divided once more. Other outputs keep temperature 1.
 */
async function gradientsAt(state: ModelState, { network, engine, batch, threads }: Measuring, temperature: number): Promise<Arrays> {
  const output = network.node(network.spec.output);
  const cooled = (param: ParamName) => (output.op === 'linear' && network.params.get(param)!.node === output.id ? 1 / temperature : 1);
  const values = new Map(
    [...state.values].map(([param, array]) => [param, cooled(param) === 1 ? array : array.map((v) => v * cooled(param))]),
  );
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const options = { batchSize: batch.size, optimizer, ...(threads !== undefined && { threads }) };
  await using session = await engine.open(network, { ...state, values }, options);
  const { loss } = await session.trainStep(batch, { learningRate: 0, update: false, dropoutSeed: 0 });
  if (!Number.isFinite(loss)) throw new SparseError('NON_FINITE', 'loss of the measured batch', 'a finite number', loss);
  const gradients = new Map<ParamName, Float32Array>();
  for (const param of weightsOf(network, state.values).keys())
    gradients.set(
      param,
      (await session.gradient(param)).map((slope) => slope * cooled(param)),
    );
  return gradients;
}

const weightsOf = (network: Network, arrays: Arrays): Arrays =>
  new Map([...arrays].filter(([param]) => network.params.get(param)!.sparsifiable));

function norm(arrays: Arrays): number {
  let sum = 0;
  for (const array of arrays.values()) for (const value of array) sum += value * value;
  return Math.sqrt(sum);
}
