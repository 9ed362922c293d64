/** Sorted lists of positions, in plain loops: `filter` and `map` call a function for each item, which takes ten times as long. */

/** The items at the indices, in their order. */
export function gather<Items extends Float32Array | Uint32Array>(items: Items, indices: Uint32Array): Items {
  const gathered = new (items.constructor as new (length: number) => Items)(indices.length);
  for (let i = 0; i < indices.length; i++) gathered[i] = items[indices[i]!]!;
  return gathered;
}

/** The items of one sorted list that the other sorted list lacks. */
export function without(items: Uint32Array, others: Uint32Array): Uint32Array {
  const left = new Uint32Array(items.length);
  let filled = 0;
  let next = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    while (next < others.length && others[next]! < item) next++;
    if (next === others.length || others[next] !== item) left[filled++] = item;
  }
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
