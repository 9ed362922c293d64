/** One ticket may hold several members: the heads of its network, and passes through it with dropout. */
import { type Network, type Session, SparseError } from '@freetickets/sparse-core';

/** Whether a network leaves units out, so that passes through it differ. */
const hasDropout = ({ spec }: Network): boolean => spec.nodes.some(({ op }) => op === 'dropout');

/** The seed of each pass that a network is run for: `passes` with dropout on, numbered from 0, where there is any; else one with dropout off. */
const passSeeds = (net: Network, passes: number | undefined): readonly (number | undefined)[] =>
  passes !== undefined && hasDropout(net) ? Array.from({ length: passes }, (_, pass) => pass) : [undefined];

/**
 * Members in a ticket of this network.
 * @param passes with dropout on; see `EnsembleOptions`
 * @throws SparseError INVALID_ARGUMENT for passes below 1, or a network in whose batches every sample has a member of its own
 */
export function memberCount(net: Network, passes?: number): number {
  if (passes !== undefined && !(Number.isInteger(passes) && passes >= 1))
    throw new SparseError('INVALID_ARGUMENT', 'passes', 'a whole number of at least 1', passes);
  const scale = net.spec.nodes.find(({ op }) => op === 'memberScale');
  if (scale) {
    const hint = 'splitMembers of @freetickets/sparse-core makes a ticket of each';
    throw new SparseError('INVALID_ARGUMENT', `${net.spec.name}: node ${scale.id}`, 'tickets of one member', scale.op, hint);
  }
  return net.heads * passSeeds(net, passes).length;
}

/**
 * Logits (size, classes) of each member in a ticket: pass by pass, and in each pass head by head. The seed of a pass is its number from 0, so
 * that results repeat.
 * @param session open on `net`
 * @param passes as for `memberCount`
 */
export async function memberLogits(
  session: Pick<Session, 'predict'>,
  net: Network,
  images: Float32Array,
  size: number,
  passes?: number,
): Promise<Float32Array[]> {
  const members: Float32Array[] = [];
  for (const dropoutSeed of passSeeds(net, passes)) {
    const logits = await session.predict(images, size, dropoutSeed === undefined ? {} : { dropoutSeed });
    for (let head = 0; head < net.heads; head++) members.push(headOf(logits, net, head));
  }
  return members;
}

/** Of logits (size, heads, classes). */
function headOf(logits: Float32Array, { heads, classes }: Network, head: number): Float32Array {
  if (heads === 1) return logits;
  const own = new Float32Array(logits.length / heads);
  for (let n = 0; n * classes < own.length; n++) {
    const from = (n * heads + head) * classes;
    own.set(logits.subarray(from, from + classes), n * classes);
  }
  return own;
}
