/** Whole parts of a whole: who gets how many of what there is, in proportion to weights, nobody more than fits. */
import { SparseError } from '@freetickets/sparse-core';

/**
 * Parts in proportion to `weights`; what one cannot take is shared by the others in the same way. Whole numbers by largest remainders, ties to
 * the earlier. Where all weights are 0, equal parts.
 * @param total   a whole number, at most the sum of `room`
 * @param weights at least 0
 * @param room    the most that each can take, whole numbers
 * @returns parts that add up to `total`
 * @throws SparseError INVALID_ARGUMENT when they have no room for `total`
 */
export function apportion(total: number, weights: readonly number[], room: readonly number[]): number[] {
  const space = room.reduce((a, b) => a + b, 0);
  if (total > space) throw new SparseError('INVALID_ARGUMENT', 'total', `at most ${space}, the room that there is`, total);
  const parts = room.map(() => 0);
  let open = room.flatMap((most, i) => (most > 0 ? [i] : []));
  let left = total;
  let share = shares(left, weights, open);
  for (let full = open.filter((i) => share(i) >= room[i]!); full.length > 0; full = open.filter((i) => share(i) >= room[i]!)) {
    for (const i of full) {
      parts[i] = room[i]!;
      left -= room[i]!;
    }
    open = open.filter((i) => !full.includes(i));
    share = shares(left, weights, open);
  }
  for (const i of open) parts[i] = Math.floor(share(i));
  let missing = left - open.reduce((sum, i) => sum + parts[i]!, 0);
  for (const i of open.sort((a, b) => share(b) - parts[b]! - (share(a) - parts[a]!) || a - b)) {
    if (missing-- <= 0) break;
    parts[i]!++;
  }
  return parts;
}

/** The real-valued part of each. */
function shares(total: number, weights: readonly number[], open: readonly number[]): (i: number) => number {
  const sum = open.reduce((all, i) => all + weights[i]!, 0);
  return sum > 0 ? (i) => (total * weights[i]!) / sum : () => total / open.length;
}
