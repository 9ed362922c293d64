/** Which weights of each ticket live, on grids small enough to be looked at side by side. */
import type { LayerTopology, ModelState, ParamName } from '@freetickets/sparse-core';
import type { LayerMap, TopologyMaps } from './report.ts';

/** Cells along either side of a grid at most. */
const SIDE = 32;

/**
 * @param tickets of one architecture
 * @returns the layers that are sparse in every ticket; undefined where there is none
 */
export function topologyMaps(tickets: readonly ModelState[]): TopologyMaps | undefined {
  const [first] = tickets;
  if (first === undefined) return undefined;
  const params = [...first.topology.keys()].filter((param) => tickets.every(({ topology }) => topology.has(param)));
  const layers = params.map((param) => layerMap(param, first, tickets));
  return layers.length > 0 ? { layers } : undefined;
}

function layerMap(param: ParamName, { topology, spec }: ModelState, tickets: readonly ModelState[]): LayerMap {
  const { shape } = topology.get(param)!;
  const [outputs = 1, ...others] = shape;
  const inputs = others.reduce((a, b) => a * b, 1);
  const [rows, columns] = [Math.min(SIDE, outputs), Math.min(SIDE, inputs)];
  const layers = tickets.map((ticket) => ticket.topology.get(param)!);
  const [channels = 0, height = 0, width = 0] = spec.input.shape;
  const seesPixels = others.length === 1 && height > 1 && inputs === channels * height * width;
  return {
    param,
    shape: [outputs, inputs],
    rows,
    columns,
    tickets: layers.map((layer) => densities(layer, outputs, inputs, rows, columns)),
    ...(seesPixels && { pixels: { height, width, tickets: layers.map((layer) => perPixel(layer, inputs, height * width)) } }),
  };
}

/** Rounded to a thousandth, for the file's sake. */
function densities({ live }: LayerTopology, outputs: number, inputs: number, rows: number, columns: number): number[] {
  const [rowOf, columnOf] = [cells(outputs, rows), cells(inputs, columns)];
  const [heights, widths] = [sizes(rowOf, rows), sizes(columnOf, columns)];
  const counts = new Float64Array(rows * columns);
  for (const position of live) counts[rowOf[Math.floor(position / inputs)]! * columns + columnOf[position % inputs]!]!++;
  return Array.from(
    counts,
    (count, cell) => Math.round((1000 * count) / (heights[Math.floor(cell / columns)]! * widths[cell % columns]!)) / 1000,
  );
}

/** Which of `count` cells each of `size` entries lies in. */
const cells = (size: number, count: number): Uint32Array => Uint32Array.from({ length: size }, (_, i) => Math.floor((i * count) / size));

function sizes(cellOf: Uint32Array, count: number): number[] {
  const found = Array<number>(count).fill(0);
  for (const cell of cellOf) found[cell]!++;
  return found;
}

function perPixel({ live }: LayerTopology, inputs: number, pixels: number): number[] {
  const counts = Array<number>(pixels).fill(0);
  for (const position of live) counts[(position % inputs) % pixels]!++;
  return counts;
}
