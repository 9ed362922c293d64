/** A model at one instant: spec, topology and values. Everything an engine needs to start, and all it gives back. */
import type { Network } from './network.ts';
import { rng, type Stream } from './rng.ts';
import type { NetworkSpec, NodeSpec, ParamName } from './spec.ts';
import type { Topology } from './topology.ts';

export interface ModelState {
  readonly spec: NetworkSpec;
  readonly topology: Topology;
  /** A sparse weight has `live.length` values in live order; any other parameter all of its values, row-major. */
  readonly values: ReadonlyMap<ParamName, Float32Array>;
  /** Laid out as `values`; only parameters that are trained. */
  readonly momentum?: ReadonlyMap<ParamName, Float32Array>;
  /** With `deadMomentum`: of sparse weights over all positions, row-major. What it says of live ones counts, not what `momentum` says. */
  readonly denseMomentum?: ReadonlyMap<ParamName, Float32Array>;
  /** AdamW's averages of squared gradients, beside the momentum and laid out as it is. */
  readonly secondMoments?: ReadonlyMap<ParamName, Float32Array>;
  /** Optimiser steps taken. An optimiser that does not find its moments here starts afresh, at 0. */
  readonly step: number;
}

/** What a model is without its optimizer. */
export function withoutMoments({ momentum: _, denseMomentum: __, secondMoments: ___, ...state }: ModelState): ModelState {
  return state;
}

/**
 * Fresh values. Each parameter is drawn dense from the stream `('initial', param)` and then read at its live positions, so the same seed
 * gives a weight the same value whatever lives around it. There is no rescaling for sparsity. Factors of members: normal around 1, deviation 1/2.
 * @source method of the FreeTickets reference: WRN He normal (fan-out), everything else PyTorch's default
 */
export function initialState(net: Network, topology: Topology, seed: number): ModelState {
  const values = new Map<ParamName, Float32Array>();
  for (const [param, info] of net.params) {
    const node = net.node(info.node);
    const stream = rng(seed).stream('initial', param);
    const dense = new Float32Array(info.size);
    if (info.kind === 'scale' || info.kind === 'runningVariance') dense.fill(1);
    else if (info.kind === 'memberScale') for (let i = 0; i < dense.length; i++) dense[i] = 1 + stream.normal() / 2;
    else if (info.kind === 'weight') drawWeight(dense, info.shape, node, net.spec, stream);
    else if (info.kind === 'bias') drawBias(dense, net.params.get(`${info.node}.weight`)!.shape, node, net.spec, stream);
    const live = topology.get(param)?.live;
    values.set(param, live ? Float32Array.from(live, (position) => dense[position]!) : dense);
  }
  return { spec: net.spec, topology, values, step: 0 };
}

function drawWeight(out: Float32Array, shape: readonly number[], node: NodeSpec, spec: NetworkSpec, stream: Stream): void {
  const scheme = node.op === 'conv2d' ? (spec.initialization ?? 'torch') : 'torch';
  if (scheme === 'torch') {
    uniform(out, 1 / Math.sqrt(fanIn(shape)), stream);
    return;
  }
  const fan = scheme === 'he-fan-in' ? fanIn(shape) : shape[0]! * (shape[2] ?? 1) * (shape[3] ?? 1);
  const deviation = Math.sqrt(2 / fan);
  for (let i = 0; i < out.length; i++) out[i] = deviation * stream.normal();
}

function drawBias(out: Float32Array, weightShape: readonly number[], node: NodeSpec, spec: NetworkSpec, stream: Stream): void {
  if (node.op === 'linear' && spec.initialization === 'he-fan-out') return;
  uniform(out, 1 / Math.sqrt(fanIn(weightShape)), stream);
}

function uniform(out: Float32Array, bound: number, stream: Stream): void {
  for (let i = 0; i < out.length; i++) out[i] = (2 * stream.uniform() - 1) * bound;
}

const fanIn = (shape: readonly number[]): number => shape.slice(1).reduce((a, b) => a * b, 1);
