/**
 * Row lengths for batches below a vector, where a plane is one run of floats: a layer reads its input and writes its output at one stride,
 * so the rows of both must be equally long, and so must those of everything its operation touches.
 */
import { type Graph, isLayer, phaseKey, strideOf } from './graph.ts';

/** Columns of a row, border included, by the root of the values or the key of the phases. */
export function equalPitches(graph: Graph): (key: string) => number {
  const { spec } = graph.net;
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    const parent = parents.get(key);
    return parent === undefined ? key : rootOf(parent);
  };
  const needs = new Map<string, number>();
  const need = (key: string, columns: number) => needs.set(key, Math.max(needs.get(key) ?? 0, columns));
  const join = (a: string, b: string) => {
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one !== other) parents.set(one, other);
  };
  for (const id of ['input', ...spec.nodes.map((node) => node.id)])
    need(graph.root(id), graph.size(id).width + graph.border(graph.root(id)));
  for (const node of spec.nodes) {
    const key = phaseKey(node);
    if (key) need(key, graph.phases(node.from[0]!, strideOf(node)).width);
    if (!isLayer(node)) continue;
    const own = graph.root(node.id);
    join(key ?? graph.root(node.from[0]!), own);
    for (const id of [graph.residual(node.id), graph.normAfter(node.id)?.id]) if (id !== undefined) join(graph.root(id), own);
  }
  const pitches = new Map<string, number>();
  for (const [key, columns] of needs) pitches.set(rootOf(key), Math.max(pitches.get(rootOf(key)) ?? 0, columns));
  return (key) => pitches.get(rootOf(key))!;
}
