/** The members of an exported model, and what they say about a whole set of pictures: what `members.ts` is for tickets. */
import { combine } from '@freetickets/ensemble';
import type { OnnxModel } from '@freetickets/inference';
import type { OnnxDescription } from '@freetickets/onnx-export';
import { type Batch, SparseError } from '@freetickets/sparse-core';
import { type Members, predictAll } from './members.ts';

/** The smallest float32 above 0: what a probability is taken for that was too small to be one. */
const LEAST = 2 ** -149;

/**
 * From a file that answers in probabilities, logits are their logarithms: right but for a constant in each row, which changes no figure but
 * the energy.
 * @throws SparseError BAD_FILE when the file does not answer as exported ensembles do, or only to batches of one size
 */
export function modelMembers(path: string, model: OnnxModel, { inputs, outputs }: OnnxDescription): Omit<Members, 'sessions'> {
  const kind = (['probabilities', 'logits'] as const).find((name) =>
    [name, `member_${name}`].every((output) => outputs.some((known) => known.name === output)),
  );
  const refuse = (expected: string, received: string) => {
    throw new SparseError('BAD_FILE', path, expected, new Error(received), 'Make one with: freetickets export');
  };
  if (kind === undefined) return refuse('the outputs of an exported ensemble', outputs.map(({ name }) => name).join(', '));
  const [{ name, shape }] = inputs as [OnnxDescription['inputs'][number]];
  if (typeof shape?.[0] === 'number') return refuse('a model that takes any number of pictures', `one that takes ${shape[0]}`);

  const ask = async (opened: OnnxModel, _: number, { images, size }: Batch): Promise<Float32Array[]> => {
    const feeds = { [name]: { datatype: 'FP32' as const, shape: [size, ...shape!.slice(1).map(Number)], data: images } };
    const { data, shape: own } = (await opened.run(feeds, [`member_${kind}`]))[`member_${kind}`]!;
    const [, members, classes] = own as [number, number, number];
    const values = kind === 'logits' ? (data as Float32Array) : (data as Float32Array).map((p) => Math.log(Math.max(p, LEAST)));
    return Array.from({ length: members }, (_row, m) => memberOf(values, { size, members, classes }, m));
  };
  return {
    async outputsOf(source, onProgress) {
      const { labels, values: logits } = await predictAll([model], source, ask, onProgress);
      return { labels, logits, prediction: combine(logits, source.classes.length, { combine: kind }) };
    },
    [Symbol.asyncDispose]: () => model.close(),
  };
}

/** Of values (size, members, classes). */
function memberOf(
  values: Float32Array,
  { size, members, classes }: Record<'size' | 'members' | 'classes', number>,
  member: number,
): Float32Array {
  const own = new Float32Array(size * classes);
  for (let n = 0; n < size; n++) {
    const from = (n * members + member) * classes;
    own.set(values.subarray(from, from + classes), n * classes);
  }
  return own;
}
