import { readFileSync } from 'node:fs';
import { type Network, modelByName, network, SparseError } from '@freetickets/sparse-core';

/**
 * The network of an experiment: a model by name, made for the data's pictures and classes, or a spec of one's own.
 * @throws SparseError INVALID_SPEC or SHAPE_MISMATCH
 */
export function networkFor(name: string, data: { readonly shape: readonly number[]; readonly classes: readonly string[] }): Network {
  if (!name.endsWith('.json')) return network(modelByName(name, { classes: data.classes.length, input: data.shape }));
  const net = network(readSpec(name));
  const input = net.spec.input.shape;
  const sizes = [input, data.shape].map((shape) => shape.reduce((a, b) => a * b, 1));
  if (sizes[0] !== sizes[1] || (input.length === 3 && String(input) !== String(data.shape)))
    throw new SparseError('SHAPE_MISMATCH', `${name}: input.shape`, `the shape of the data, (${data.shape})`, input);
  if (net.classes !== data.classes.length) throw new SparseError('SHAPE_MISMATCH', `${name}: output`, `${data.classes.length} classes`, net.classes);
  return net;
}

function readSpec(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SparseError('MISSING_FILE', path, 'a network spec (JSON)', error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SparseError('INVALID_SPEC', path, 'JSON', error);
  }
}
