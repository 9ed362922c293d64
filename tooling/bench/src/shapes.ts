/** Reads shapes/*.txt: the layers of real networks. */
import { readdirSync, readFileSync } from 'node:fs';
import { SparseError } from '@freetickets/sparse-core';
import { inBench } from './folders.ts';
import type { LayerShape } from './tasks.ts';

export interface ShapeFile {
  /** Of the network: the file's name without `.txt`. */
  readonly name: string;
  /** All layers, in order. */
  readonly layers: readonly LayerShape[];
}

export function shapeFiles(): ShapeFile[] {
  const folder = inBench('shapes');
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  return files.sort().map((file) => ({ name: file.slice(0, -4), layers: parseShapes(readFileSync(`${folder}/${file}`, 'utf8'), file) }));
}

/** @throws SparseError BAD_FILE naming the line */
export function parseShapes(text: string, file: string): LayerShape[] {
  const layers: LayerShape[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const numbers = line.trim().split(/\s+/).map(Number);
    const [inputs = 0, outputs = 0, kernel = 0, stride = 0, height = 0, width = 0, pad = Math.floor(kernel / 2)] = numbers;
    const sizes = [inputs, outputs, kernel, stride, height, width];
    if (numbers.length > 7 || !sizes.every((size) => Number.isInteger(size) && size > 0) || !Number.isInteger(pad) || pad < 0)
      throw new SparseError('BAD_FILE', `${file}, line ${index + 1}`, 'inputs outputs kernel stride height width [pad]', line);
    layers.push({ inputs, outputs, kernel, stride, height, width, pad });
  }
  return layers;
}

/** Pixels of the output, height times width. */
export function outputPixels({ kernel, stride, height, width, pad }: LayerShape): number {
  const side = (size: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return side(height) * side(width);
}

/** `64 -> 128, 3x3 stride 2, 16x16`; a linear layer: `800 -> 500`. */
export function shapeText({ inputs, outputs, kernel, stride, height, width }: LayerShape): string {
  const channels = `${inputs} -> ${outputs}`;
  if (height * width * kernel === 1) return channels;
  return `${channels}, ${kernel}x${kernel}${stride > 1 ? ` stride ${stride}` : ''}, ${height}x${width}`;
}
