/** Sets that a network was not trained on, for judging whether it notices: named in one word, in the shape that it takes. */
import { nearest, SparseError } from '@freetickets/sparse-core';
import type { Dataset, Samples } from './dataset.ts';
import { generated } from './generated.ts';
import { type DatasetName, datasetNames, loadDataset } from './load-dataset.node.ts';
import { noise, noiseKinds } from './noise.ts';
import { svhnPart } from './svhn.node.ts';

const NOISE_NAMES = noiseKinds.map((kind) => `${kind}-noise` as const);

/** `gaussian-noise` and `uniform-noise` need no path, nor does `generated`. */
export const oodNames = [...datasetNames, ...NOISE_NAMES] as const;
export type OodName = (typeof oodNames)[number];

export interface OodOptions {
  /** What the network was trained on. */
  readonly dataset: Pick<Dataset, 'name' | 'shape'>;
  /** Keys the sets that are drawn. Default 17. */
  readonly seed?: number;
  readonly onNotice?: (sentence: string) => void;
}

export interface OodSet {
  readonly name: OodName;
  /** The test part of the set. Its labels are those of its own classes. */
  readonly samples: Samples;
}

/**
 * The test pictures of a set by `NAME:PATH`, such as `svhn:data/svhn`, or `NAME` where it is drawn. They are bytes like any others: give
 * them to `sourceOf` with the data set that the network was trained on, whose normalisation they need.
 *
 * @throws SparseError INVALID_ARGUMENT for an unknown name, a path too many or too few, or the set that the network was trained on;
 *   SHAPE_MISMATCH for pictures of another shape; and whatever the set's loader throws
 * @example sourceOf((await loadOod('svhn:data/svhn', { dataset: cifar })).samples, { dataset: cifar })
 */
export async function loadOod(word: string, { dataset, seed = 17, onNotice }: OodOptions): Promise<OodSet> {
  const [name, path] = split(word);
  if (name === dataset.name && name !== 'image-folder') {
    throw new SparseError('INVALID_ARGUMENT', word, 'another set than the network was trained on', name);
  }
  const kind = noiseKinds[NOISE_NAMES.indexOf(name as (typeof NOISE_NAMES)[number])];
  if (kind) return { name, samples: noise({ kind, dataset, seed }) };
  const { shape, samples } = await loadTest(name as DatasetName, path, dataset, seed, onNotice);
  if (shape.join() !== dataset.shape.join()) {
    throw new SparseError('SHAPE_MISMATCH', word, `pictures of ${dataset.shape.join('x')}, as in ${dataset.name}`, shape.join('x'));
  }
  return { name, samples };
}

function split(word: string): [name: OodName, path: string] {
  const [, first = '', path] = /^([^:]*)(?::(.*))?$/s.exec(word) ?? [];
  const name = oodNames.find((known) => known === first);
  if (name === undefined) {
    const near = nearest(first, oodNames);
    throw new SparseError(
      'INVALID_ARGUMENT',
      word,
      `NAME or NAME:PATH with one of ${oodNames.join(', ')}`,
      first,
      near && `Did you mean ${near}?`,
    );
  }
  const drawn = name === 'generated' || name.endsWith('-noise');
  if (drawn && path !== undefined) throw new SparseError('INVALID_ARGUMENT', word, `no path, because ${name} is drawn and not read`, path);
  if (!drawn && !path) throw new SparseError('INVALID_ARGUMENT', word, `${name}:PATH`, word, `Say where the files of ${name} are`);
  return [name, path ?? ''];
}

async function loadTest(
  name: DatasetName,
  data: string,
  { shape }: Pick<Dataset, 'shape'>,
  seed: number,
  onNotice: OodOptions['onNotice'],
): Promise<{ shape: readonly number[]; samples: Samples }> {
  const side = shape[1];
  // Only what is used is read or drawn, where there is a choice.
  if (name === 'svhn') return { shape: [3, 32, 32], samples: await svhnPart(data, 'test') };
  if (name === 'generated') {
    const set = generated({ train: 10, size: side, seed });
    return { shape: set.shape, samples: set.test };
  }
  const set = await loadDataset({ dataset: name, data, ...(name === 'image-folder' && { size: side }), ...(onNotice && { onNotice }) });
  return { shape: set.shape, samples: set.test };
}
