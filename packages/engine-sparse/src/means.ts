/** What of a step is a mean over samples, and so can be added up from shards of a batch: where it lies in the arena, and the way out and in. */
import type { Placement } from './placement.ts';

interface Span {
  readonly start: number;
  readonly count: number;
}

/** Gradients at live positions, means and unbiased variances of batch norms and, of a step that keeps them, dense gradients. */
export function meansOf(place: Placement, keep: boolean): readonly Span[] {
  const { trained, norms, params, net } = place;
  const statistics = [...norms].flatMap(([id, { mean, variance }]) => {
    const { count } = params.get(`${id}.running_mean`)!;
    return [mean, variance].map((start) => ({ start, count }));
  });
  const dense = [...params].flatMap(([param, { denseGradient }]) =>
    keep && denseGradient >= 0 ? [{ start: denseGradient, count: net.params.get(param)!.size }] : [],
  );
  return [{ start: trained.gradients, count: trained.count }, ...statistics, ...dense];
}

export function gathered(floats: Float32Array, spans: readonly Span[]): Float32Array {
  const all = new Float32Array(spans.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const { start, count } of spans) {
    all.set(floats.subarray(start, start + count), at);
    at += count;
  }
  return all;
}

/** The way back, to the same spans. */
export function scatter(all: Float32Array, floats: Float32Array, spans: readonly Span[]): void {
  let at = 0;
  for (const { start, count } of spans) {
    floats.set(all.subarray(at, at + count), start);
    at += count;
  }
}
