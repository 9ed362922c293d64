/** Few numbers out of many times, and ratios of them. */
import type { Measurement } from './contest.ts';

export interface Summary {
  /** Milliseconds. */
  readonly minimum: number;
  readonly median: number;
  readonly runs: number;
}

/** Of at least one time. */
export function summary(milliseconds: readonly number[]): Summary {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { minimum: sorted[0]!, median, runs: sorted.length };
}

/** The value at or below which the share `q` of `sorted` lies, by the nearest rank. */
export const percentile = (sorted: readonly number[], q: number): number => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;

/** What is compared of each measurement: a part, or the sum of several. */
export type Parts = readonly string[];

/** Least milliseconds of the parts together; undefined if the side failed or has no such part. */
export function least({ times }: Measurement, parts: Parts): number | undefined {
  const each = parts.map((part) => times[part]?.minimum);
  return each.some((time) => time === undefined) ? undefined : each.reduce<number>((sum, time) => sum + time!, 0);
}

/** The peer with the least time, if any peer has one. */
export function fastestPeer(measurements: readonly Measurement[], parts: Parts): Measurement | undefined {
  const peers = measurements.filter((one) => !one.ours && least(one, parts) !== undefined);
  return peers.reduce<Measurement | undefined>((best, one) => (best && least(best, parts)! <= least(one, parts)! ? best : one), undefined);
}

/** Our time over that of the fastest peer, each at its best; undefined where one of both is missing. */
export function ratio(measurements: readonly Measurement[], parts: Parts): number | undefined {
  const ours = measurements.find((one) => one.ours);
  const peer = fastestPeer(measurements, parts);
  const [mine, theirs] = [ours && least(ours, parts), peer && least(peer, parts)];
  return mine === undefined || theirs === undefined ? undefined : mine / theirs;
}
