/**
 * Runs for batches below a vector, where vectors lie along a plane and not along the images: a plane is one run of floats. A layer reads its
 * input and writes its output at one stride, so the rows of both must be equally long, and so must those of everything its operation
 * touches. There is no border between two rows: taps to the left and right read copies of the plane whose columns are shifted.
 */
import type { Run } from './arena.ts';
import { type Graph, isLayer } from './graph.ts';
import { FULL } from './ops.ts';

/** Vectors of a tile along a plane, and below how many it is better whole. */
export const FLAT_VECTORS = 16;
const FLAT_LEAST = 8;

/** How much longer than its columns a row may be for the sake of whole vectors: about what a load across two cache lines costs. */
const MOST_STRETCHED = 1.65;

/** The run of a plane, by the root of the values or the key of the phases. */
export function runsOf(graph: Graph, lanes: number): (key: string) => Run {
  const { spec } = graph.net;
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    const parent = parents.get(key);
    return parent === undefined ? key : rootOf(parent);
  };
  const columns = new Map<string, number>();
  const reaches = new Map<string, Pick<Run, 'first' | 'last'>>();
  const need = (key: string, width: number) => columns.set(key, Math.max(columns.get(key) ?? 0, width));
  const join = (a: string, b: string) => {
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one !== other) parents.set(one, other);
  };
  for (const id of ['input', ...spec.nodes.map((node) => node.id)]) need(graph.root(id), graph.size(id).width);
  for (const node of spec.nodes) {
    if (!isLayer(node)) continue;
    const own = graph.root(node.id);
    const input = graph.phaseKey(node) ?? graph.root(node.from[0]!);
    need(input, graph.size(node.id).width);
    const before = reaches.get(input) ?? { first: 0, last: 0 };
    const { first, last } = graph.reach(node);
    reaches.set(input, { first: Math.min(before.first, first), last: Math.max(before.last, last) });
    join(input, own);
    for (const id of [graph.residual(node.id), graph.normAfter(node.id)?.id]) if (id !== undefined) join(graph.root(id), own);
  }
  const widths = new Map<string, number>();
  for (const [key, width] of columns) widths.set(rootOf(key), Math.max(widths.get(rootOf(key)) ?? 0, width));
  return (key) => ({ row: rowFloats(widths.get(rootOf(key))!, lanes), ...(reaches.get(key) ?? { first: 0, last: 0 }) });
}

/** Whole vectors, or half a one, where that does not waste more than it saves. */
function rowFloats(width: number, lanes: number): number {
  const floats = width * lanes;
  const length = floats <= FULL / 2 ? FULL / 2 : Math.ceil(floats / FULL) * FULL;
  return width > 1 && length <= MOST_STRETCHED * floats ? length : floats;
}

/** Rows of a run that one task takes: a tile of whole vectors, for what a task writes the next operation's task then reads. */
export function runRows(height: number, row: number): number {
  const vectors = (height * row) / FULL;
  const tiles = vectors < 2 * FLAT_LEAST ? 1 : Math.max(2, Math.ceil(vectors / FLAT_VECTORS));
  const rows = Math.ceil(height / tiles);
  return row % (FULL / 2) === 0 && (rows * row) % FULL === 0 ? rows : height;
}
