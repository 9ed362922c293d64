import { modelByName, type Network, network, parseJson, SparseError } from '@freetickets/sparse-core';
import { MOST_JSON_BYTES, readFileOrExplain } from '@freetickets/sparse-core/node';

/**
 * The network of an experiment: a model by name, made for the data's pictures and classes, or a spec of one's own.
 * @throws SparseError MISSING_FILE, INVALID_SPEC or SHAPE_MISMATCH
 */
export async function networkFor(
  name: string,
  data: { readonly shape: readonly number[]; readonly classes: readonly string[] },
): Promise<Network> {
  if (!name.endsWith('.json')) return network(modelByName(name, { classes: data.classes.length, input: data.shape }));
  const net = await readSpec(name);
  const { shape } = net.spec.input;
  if (String(shape) !== String(data.shape)) {
    const hint = shape.length === 1 ? 'A flatten node makes a list of numbers of a picture' : '';
    throw new SparseError(
      'SHAPE_MISMATCH',
      `${name}: input.shape`,
      `the shape of the data's pictures, ${JSON.stringify(data.shape)}`,
      shape,
      hint,
    );
  }
  if (net.classes !== data.classes.length)
    throw new SparseError(
      'SHAPE_MISMATCH',
      `${name}: output`,
      `${data.classes.length} numbers, one for each class of the data`,
      net.classes,
    );
  return net;
}

/**
 * A network without data: a model by name as it is by itself, or a spec of one's own.
 * @throws SparseError MISSING_FILE, INVALID_SPEC or INVALID_ARGUMENT
 */
export const networkAlone = async (name: string): Promise<Network> =>
  name.endsWith('.json') ? readSpec(name) : network(modelByName(name));

async function readSpec(path: string): Promise<Network> {
  const text = new TextDecoder().decode(await readFileOrExplain(path, 'a network spec (JSON)', MOST_JSON_BYTES));
  let spec: unknown;
  try {
    spec = parseJson(text);
  } catch (error) {
    throw new SparseError('INVALID_SPEC', path, 'JSON', new Error(`something else (${(error as Error).message})`));
  }
  try {
    return network(spec);
  } catch (cause) {
    throw new SparseError('INVALID_SPEC', path, 'a network spec', new Error(`one with a fault: ${(cause as Error).message}`), '', {
      cause,
    });
  }
}
