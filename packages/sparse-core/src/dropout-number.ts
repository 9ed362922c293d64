/** For engines: what decides which numbers dropout drops. A pure function, so that masks depend on no thread, engine or batch size. */

/**
 * What scrambles the positions of one sample.
 * @param node its place in the list of nodes
 * @param sample its place in the batch; of a prediction, among all images given
 */
export const dropoutKey = (lowSeed: number, highSeed: number, node: number, sample: number): number =>
  chained(chained(chained(chained(0, lowSeed), highSeed), node), sample);

/** 32 bits for a position in a sample's (C, H, W); the position is dropped where they are below the threshold. */
export const dropoutNumber = (key: number, position: number): number => scrambled(key ^ chained(0, position));

/** In 32 bits too, so a rate just below 1 is rounded down. */
export const dropoutThreshold = (rate: number): number => Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);

/** The finalizer of MurmurHash3 on key + next: a chain of it is a random number for a list of numbers. */
function chained(key: number, next: number): number {
  return scrambled((key + next + 0x9e3779b9) | 0);
}

function scrambled(number: number): number {
  let x = number;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
