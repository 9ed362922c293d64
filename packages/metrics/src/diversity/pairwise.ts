/**
 * A symmetric measure on all pairs of tickets, such as `topologyOverlap(a.topology, b.topology).total` or `weightCosine(a, b)`.
 * @returns (items, items), row-major
 */
export function pairwise<Item>(items: readonly Item[], measure: (a: Item, b: Item) => number): Float64Array {
  const table = new Float64Array(items.length ** 2);
  items.forEach((a, i) => {
    for (let j = i; j < items.length; j++) table[i * items.length + j] = table[j * items.length + i] = measure(a, items[j]!);
  });
  return table;
}
