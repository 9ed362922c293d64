/** The optimizer's step as operations, one for each run of neighbouring parameters that are treated alike, and the numbers they read. */
import { momentumOf, type Network, type OptimizerSpec, type Treatment, treatmentOf } from '@freetickets/sparse-core';
import type { Operation } from './ops.ts';
import type { Placement } from './placement.ts';

/** Floats of one treatment in the arena. */
export const HYPER = 16;

const same = (a: Treatment, b: Treatment): boolean => a.rate === b.rate && a.decay === b.decay;

/** Every treatment that some trained parameter has. */
export function treatments(net: Network, optimizer: OptimizerSpec): readonly Treatment[] {
  const found: Treatment[] = [];
  for (const { kind, trainable } of net.params.values()) {
    const treatment = treatmentOf(optimizer, kind);
    if (trainable && !found.some((other) => same(other, treatment))) found.push(treatment);
  }
  return found;
}

/**
 * What the operations of one treatment read, in the order of c/kernels.c.
 * @param step steps taken, this one included
 */
export function hyperOf(optimizer: OptimizerSpec, { rate, decay }: Treatment, learningRate: number, step: number): readonly number[] {
  const stepSize = learningRate * rate;
  const beta1 = momentumOf(optimizer);
  if (optimizer.kind === 'sgd') return [stepSize, beta1, decay];
  const { beta2 = 0.999, eps = 1e-8 } = optimizer;
  const corrected = [stepSize / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
  return [1 - stepSize * decay, ...corrected, beta1, 1 - beta1, beta2, 1 - beta2, eps];
}

export function emitUpdates(place: Placement, optimizer: OptimizerSpec): Operation[] {
  const { gradients, count } = place.trained;
  const { limit, factor } = place.clip;
  const updates = runs(place, optimizer).map((run) => update(place, optimizer, run));
  return optimizer.clipNorm === undefined ? updates : [{ op: 'clip', gradients, count, limit, factor }, ...updates];
}

/** From `start` on, counted from the first trained parameter. */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly treatment: Treatment;
}

function runs(place: Placement, optimizer: OptimizerSpec): readonly Run[] {
  const found: Run[] = [];
  for (const [param, { values, count, trainable }] of place.params) {
    if (!trainable) continue;
    const treatment = treatmentOf(optimizer, place.net.params.get(param)!.kind);
    const last = found.at(-1);
    if (last && same(last.treatment, treatment)) found[found.length - 1] = { ...last, count: last.count + count };
    else found.push({ start: values - place.trained.values, count, treatment });
  }
  return found;
}

function update(place: Placement, optimizer: OptimizerSpec, { start, count, treatment }: Run): Operation {
  const { values, momentum, secondMoments, gradients } = place.trained;
  const common = {
    values: values + start,
    momentum: momentum + start,
    gradients: gradients + start,
    count,
    hyper: place.hyper + HYPER * place.treatments.findIndex((other) => same(other, treatment)),
    factor: optimizer.clipNorm === undefined ? -1 : place.clip.factor,
  };
  if (optimizer.kind === 'adamw') return { op: 'adamw', ...common, secondMoments: secondMoments + start };
  return { op: 'sgd', ...common, nesterov: optimizer.nesterov ?? false };
}
