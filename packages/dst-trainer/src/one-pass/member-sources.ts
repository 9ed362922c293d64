/** The batches on which members that share a network are trained, made from batches of plain images. */
import { type Batch, rng, type Source, SparseError } from '@freetickets/sparse-core';
import { type BatchPlace, mappedSource, repeatEach } from './mapped-source.ts';
import type { OnePass } from './one-pass.ts';

/** Every image for every member: row n belongs to member n mod `members`. */
export const tiledSource = (source: Source, members: number): Source =>
  mappedSource(source, { rows: members }, ({ size, images, labels, mixed }) => ({
    size: size * members,
    images: repeatEach(images, members, images.length / size),
    labels: repeatEach(labels, members),
    ...(mixed && { mixed: { labels: repeatEach(mixed.labels, members), shares: repeatEach(mixed.shares, members) } }),
  }));

/** The label of an image for each of `heads`: (size, heads). */
export const labelsPerHead = (source: Source, heads: number): Source =>
  mappedSource(source, { rows: 1 }, ({ size, images, labels, mixed }) => ({
    size,
    images: images.slice(), // the batch of the source need not hold for longer than until the next is asked for
    labels: repeatEach(labels, heads),
    ...(mixed && { mixed: { labels: repeatEach(mixed.labels, heads), shares: mixed.shares.slice() } }),
  }));

/**
 * Rows of `members` images side by side on the channels, with the label of each. A batch repeats its images; then each member has them in an order of
 * its own, but for a share `sameInput` of the rows at the end, in which all see the same image. Without `shuffle` all rows are of that kind.
 * @source arXiv:2010.06610, as in google/uncertainty-baselines
 */
export function mimoSource(source: Source, { members, repetitions, sameInput }: OnePass & { readonly kind: 'mimo' }): Source {
  const [channels, ...size] = source.shape;
  const shape = [channels! * members, ...size];
  return mappedSource(source, { rows: repetitions, shape }, (batch, place) => {
    if (batch.mixed) throw new SparseError('INVALID_ARGUMENT', 'batch.mixed', 'no mixed labels beside MIMO', new Error('mixup'));
    const rows = batch.size * repetitions;
    const apart = place.shuffle ? Math.floor(rows * (1 - sameInput)) : 0;
    const orders = Array.from({ length: members }, (_, member) => orderOf(member, { rows, apart, images: batch.size }, place));
    return sideBySide(batch, orders, rows);
  });
}

interface Rows {
  readonly rows: number;
  /** How many of them, from the first on, have an order of their own for each member. */
  readonly apart: number;
  readonly images: number;
}

/** The image in each row, for one member. */
function orderOf(member: number, { rows, apart, images }: Rows, { shuffle, index }: BatchPlace): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, row) => row % images);
  if (shuffle) rng(shuffle.seed).stream('mimo', shuffle.epoch, index, member).shuffle(order.subarray(0, apart));
  return order;
}

function sideBySide({ images, labels, size }: Batch, orders: readonly Uint32Array[], rows: number): Batch {
  const members = orders.length;
  const pixels = images.length / size;
  const batch = { size: rows, images: new Float32Array(rows * members * pixels), labels: new Int32Array(rows * members) };
  orders.forEach((order, member) => {
    order.forEach((image, row) => {
      batch.images.set(images.subarray(image * pixels, (image + 1) * pixels), (row * members + member) * pixels);
      batch.labels[row * members + member] = labels[image]!;
    });
  });
  return batch;
}
