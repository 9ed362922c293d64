/**
 * The running average of a model whose topology changes: every weight is averaged over the samples since it came alive, and one that dies
 * leaves the average. Which steps are samples is in `average-samples.ts`.
 */
import type { ModelState, ParamName, TopologyDelta } from '@freetickets/sparse-core';
import type { Averaging } from './plans/plan.ts';

export interface ModelAverage {
  /** The means, on the topology of the last sample, whose `step` it has. Without momentum. */
  readonly state: ModelState;
  /** Laid out as the values: how many samples are in each mean; 0 where the weight died since. */
  readonly counts: ReadonlyMap<ParamName, Uint32Array>;
}

/**
 * The average with one more sample. A weight's first sample is its mean; then `mean += (sample - mean) * share` with a share of 1 / n at the n-th
 * sample (swa), or of 1 - decay ** steps since the last one (ema).
 * @source ema: as PyTorch's AveragedModel with get_ema_multi_avg_fn; swa: arXiv:1803.05407
 */
export function averaged(before: ModelAverage | undefined, sample: ModelState, averaging: Averaging): ModelAverage {
  const steps = sample.step - (before?.state.step ?? 0);
  const ofSample = averaging.kind === 'ema' ? 1 - averaging.decay ** steps : undefined;
  const values = new Map<ParamName, Float32Array>();
  const counts = new Map<ParamName, Uint32Array>();
  for (const [param, now] of sample.values) {
    const means = now.slice();
    const seen = new Uint32Array(now.length).fill(1);
    values.set(param, means);
    counts.set(param, seen);
    const old = before && { means: before.state.values.get(param)!, counts: before.counts.get(param)! };
    if (!old) continue;
    const placeOf = placesIn(before.state.topology.get(param)?.live);
    const live = sample.topology.get(param)?.live;
    for (let i = 0; i < now.length; i++) {
      const place = placeOf(live ? live[i]! : i);
      if (place === NONE || old.counts[place] === 0) continue;
      seen[i] = old.counts[place]! + 1;
      means[i] = old.means[place]! + (now[i]! - old.means[place]!) * (ofSample ?? 1 / seen[i]!);
    }
  }
  return { state: { spec: sample.spec, topology: sample.topology, values, step: sample.step }, counts };
}

/** The average when the topology changes: what is dropped begins anew should it come alive again. */
export function withoutDropped({ state, counts }: ModelAverage, deltas: readonly TopologyDelta[]): ModelAverage {
  const left = new Map(counts);
  for (const { param, dropped } of deltas) {
    const seen = counts.get(param)!.slice();
    const placeOf = placesIn(state.topology.get(param)?.live);
    for (const position of dropped) {
      const place = placeOf(position);
      if (place !== NONE) seen[place] = 0;
    }
    left.set(param, seen);
  }
  return { state, counts: left };
}

const NONE = -1;

/** Where a position's value lies, for positions asked in rising order; `NONE` where none does. */
function placesIn(live: Uint32Array | undefined): (position: number) => number {
  if (!live) return (position) => position;
  let place = 0;
  return (position) => {
    while (place < live.length && live[place]! < position) place++;
    return live[place] === position ? place : NONE;
  };
}
