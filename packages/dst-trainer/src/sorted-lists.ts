/** Sorted lists of positions, in plain loops: `filter` and `map` call a function for each item, which takes ten times as long. */

/** The items at the indices, in their order. */
export function gather<Items extends Float32Array | Uint32Array>(items: Items, indices: Uint32Array): Items {
  const gathered = new (items.constructor as new (length: number) => Items)(indices.length);
  for (let i = 0; i < indices.length; i++) gathered[i] = items[indices[i]!]!;
  return gathered;
}

// Kept from call to call, for new memory takes as long as what is done in it: a byte for each position, all 0 between calls, and a list.
let marks = new Uint8Array(0);
let room = new Uint32Array(0);

/** The items of one sorted list that the other sorted list lacks. Marks in a table are faster than a merge, which is all unforeseeable branches. */
export function without(items: Uint32Array, others: Uint32Array): Uint32Array {
  const end = 1 + Math.max(items.at(-1) ?? 0, others.at(-1) ?? 0);
  if (marks.length < end) marks = new Uint8Array(end);
  const marked = marks;
  for (let i = 0; i < others.length; i++) marked[others[i]!] = 1;
  if (room.length < items.length) room = new Uint32Array(items.length);
  const left = room;
  let filled = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    left[filled] = item; // stays if it is counted
    filled += 1 - marked[item]!;
  }
  for (let i = 0; i < others.length; i++) marked[others[i]!] = 0;
  return left.slice(0, filled);
}

/** The positions below `size` that a sorted list lacks. */
export function rest(size: number, items: Uint32Array): Uint32Array {
  const left = new Uint32Array(size - items.length);
  let position = 0;
  let filled = 0;
  for (let i = 0; i <= items.length; i++) {
    const end = i < items.length ? items[i]! : size;
    while (position < end) left[filled++] = position++;
    position++;
  }
  return left;
}
