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
  const [marked, left] = roomFor(items, others);
  for (let i = 0; i < others.length; i++) marked[others[i]!] = 1;
  let filled = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    left[filled] = item; // stays if it is counted
    filled += 1 - marked[item]!;
  }
  for (let i = 0; i < others.length; i++) marked[others[i]!] = 0;
  return left.slice(0, filled);
}

/** What each of two sorted lists has that the other lacks: as `without`, twice, in one go. */
export function differences(first: Uint32Array, second: Uint32Array): readonly [onlyFirst: Uint32Array, onlySecond: Uint32Array] {
  const [marked, left] = roomFor(first, second);
  for (let i = 0; i < first.length; i++) marked[first[i]!] = 1;
  let filled = 0;
  for (let i = 0; i < second.length; i++) {
    const item = second[i]!;
    const common = marked[item]!;
    left[filled] = item;
    filled += 1 - common;
    marked[item] = common << 1;
  }
  const onlySecond = left.slice(0, filled);
  filled = 0;
  for (let i = 0; i < first.length; i++) {
    const item = first[i]!;
    left[filled] = item;
    filled += marked[item]! & 1;
    marked[item] = 0;
  }
  return [left.slice(0, filled), onlySecond];
}

/** Marks for the items of both lists, and a list as long as the longer one. */
function roomFor(first: Uint32Array, second: Uint32Array): readonly [marks: Uint8Array, list: Uint32Array] {
  const end = 1 + Math.max(first.at(-1) ?? 0, second.at(-1) ?? 0);
  if (marks.length < end) marks = new Uint8Array(end);
  const longer = Math.max(first.length, second.length);
  if (room.length < longer) room = new Uint32Array(longer);
  return [marks, room];
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
