/**
 * Tensors that do not live at the same time may lie in the same place. The largest are placed first, each as low as those allow that live
 * at the same time: within a few percent of the least possible on the networks here.
 */

/** From birth up to death, in ticks of one clock. */
export interface Life {
  readonly size: number;
  readonly birth: number;
  readonly death: number;
}

export interface Pool {
  /** Of each life, in the order given. */
  readonly starts: readonly number[];
  readonly size: number;
}

export function makePool(lives: readonly Life[]): Pool {
  const starts = new Array<number>(lives.length).fill(0);
  const placed: number[] = [];
  for (const index of lives.map((_, k) => k).sort((a, b) => lives[b]!.size - lives[a]!.size)) {
    const life = lives[index]!;
    const together = placed.filter((k) => lives[k]!.birth < life.death && life.birth < lives[k]!.death);
    starts[index] = lowest(
      life.size,
      together.map((k) => [starts[k]!, starts[k]! + lives[k]!.size] as const),
    );
    placed.push(index);
  }
  return { starts, size: Math.max(0, ...lives.map(({ size }, k) => starts[k]! + size)) };
}

/** The first gap of this size between taken parts, given as start and end. */
function lowest(size: number, taken: readonly (readonly [number, number])[]): number {
  let start = 0;
  for (const [from, to] of taken.toSorted((a, b) => a[0] - b[0])) {
    if (from - start >= size) break;
    start = Math.max(start, to);
  }
  return start;
}
