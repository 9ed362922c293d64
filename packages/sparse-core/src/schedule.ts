/**
 * How a number changes over time, as data: it prints, saves and resumes for free. The unit of `t` is its owner's: plans count epochs from the
 * start of a phase. Outside its span a schedule keeps the value at the nearer end.
 */
export type Schedule =
  | number
  /**
   * From `from` at `begin` (default 0) to `to` at `over`. `cubic` changes fastest at first: `to + (from - to) * (1 - progress) ** 3`.
   * @source cubic: gradual magnitude pruning, arXiv:1710.01878
   */
  | {
      readonly kind: 'cosine' | 'linear' | 'cubic';
      readonly from: number;
      readonly to: number;
      readonly begin?: number;
      readonly over: number;
    }
  /** `from * (1 - (t - begin) / (over - begin)) ** power`; falls to 0. `begin` defaults to 0. @source RigL's option `exponential_k` */
  | { readonly kind: 'exponential'; readonly from: number; readonly begin?: number; readonly over: number; readonly power: number }
  /** Straight lines from each [time, value] to the next, in order of time; cycles are made of them. */
  | { readonly kind: 'points'; readonly points: readonly (readonly [at: number, value: number])[] }
  /** `start` until the first change; each change is [from which time on, value], in order of time. */
  | { readonly kind: 'steps'; readonly start: number; readonly changes: readonly (readonly [at: number, value: number])[] };

/** The value at time `t`. */
export function valueAt(schedule: Schedule, t: number): number {
  if (typeof schedule === 'number') return schedule;
  if (schedule.kind === 'steps') return schedule.changes.findLast(([at]) => t >= at)?.[1] ?? schedule.start;
  if (schedule.kind === 'points') return onLines(schedule.points, t);
  const begin = schedule.begin ?? 0;
  const progress = t >= schedule.over ? 1 : Math.max(0, (t - begin) / (schedule.over - begin));
  switch (schedule.kind) {
    case 'cosine':
      return schedule.to + ((schedule.from - schedule.to) * (1 + Math.cos(Math.PI * progress))) / 2;
    case 'linear':
      return schedule.from + (schedule.to - schedule.from) * progress;
    case 'cubic':
      return schedule.to + (schedule.from - schedule.to) * (1 - progress) ** 3;
    case 'exponential':
      return schedule.from * (1 - progress) ** schedule.power;
  }
}

/** The last point that is over, and the way from it to the next. */
function onLines(points: readonly (readonly [at: number, value: number])[], t: number): number {
  const next = points.findIndex(([at]) => at > t);
  if (next <= 0) return points.at(next)![1]; // before the first point, or (-1) not before any
  const [[from, before], [to, after]] = [points[next - 1]!, points[next]!];
  return before + ((after - before) * (t - from)) / (to - from);
}
