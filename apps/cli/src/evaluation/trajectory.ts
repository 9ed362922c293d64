/**
 * The way of each training through the space of predictions: after every epoch, the log-probabilities of the same pictures as one point, laid out
 * in the plane by t-SNE. It shows which trainings go separate ways and which end in one place; distances between clusters mean nothing.
 */

import { SparseError } from '@freetickets/sparse-core';
import { TSNE } from '@saehrimnir/druidjs';
import type { ProbedEpoch } from '../run-trajectory.ts';
import type { Trajectory } from './document.ts';

const PERPLEXITY = 30;
const ITERATIONS = 1000;

/** @throws SparseError INVALID_CONFIG when the run kept nothing, or too little to lay out */
export function checkTrajectory(path: string, epochs: readonly ProbedEpoch[]): void {
  if (epochs.length >= 4) return;
  const kept = new Error(epochs.length === 0 ? 'a run that kept none' : `one of ${epochs.length}`);
  const hint = 'freetickets train --keep-trajectory 128 keeps them';
  throw new SparseError('INVALID_CONFIG', '--trajectory', `a run that kept its predictions (${path}) after at least 4 epochs`, kept, hint);
}

/**
 * @param epochs at least four, of the same pictures
 * @source method of the FreeTickets paper, which shows such figures at perplexity 30; fewer than 91 points get a third of their number
 */
export function trajectoryOf(epochs: readonly ProbedEpoch[], seed: number): Trajectory {
  const perplexity = Math.min(PERPLEXITY, (epochs.length - 1) / 3);
  const points = epochs.map(({ logProbabilities }) => Float64Array.from(logProbabilities));
  const plane = new TSNE(points, { perplexity, d: 2, seed }).transform(ITERATIONS);
  return {
    pictures: epochs[0]!.size,
    perplexity,
    iterations: ITERATIONS,
    seed,
    points: epochs.map(({ member, epoch }, index) => ({ member, epoch, x: plane[index]![0]!, y: plane[index]![1]! })),
  };
}
