import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { datasetHash } from './content-hash.node.ts';
import type { Dataset } from './dataset.ts';

const set: Dataset = {
  name: 'tiny',
  classes: ['a', 'b'],
  shape: [1, 1, 2],
  train: { size: 2, images: Uint8Array.from([1, 2, 3, 4]), labels: Int32Array.from([0, 1]) },
  test: { size: 1, images: Uint8Array.from([5, 6]), labels: Int32Array.from([1]) },
  normalization: { mean: [0], std: [1] },
  augmentation: 'none',
};

describe('datasetHash', () => {
  it('is the SHA-256 of a JSON line and then the bytes of train and test', () => {
    const header = '{"classes":["a","b"],"shape":[1,1,2],"sizes":[2,1]}\n';
    const bytes = [1, 2, 3, 4, 0, 0, 0, 0, 1, 0, 0, 0, 5, 6, 1, 0, 0, 0];
    const expected = createHash('sha256').update(header).update(Uint8Array.from(bytes)).digest('hex');
    expect(datasetHash(set)).toBe(expected);
  });

  it.each<[string, Partial<Dataset>]>([
    ['a class name', { classes: ['a', 'c'] }],
    ['the shape', { shape: [2, 1, 1] }],
    ['a pixel', { train: { ...set.train, images: Uint8Array.from([1, 2, 3, 5]) } }],
    ['a label', { test: { ...set.test, labels: Int32Array.from([0]) } }],
  ])('changes with %s', (_, change) => {
    expect(datasetHash({ ...set, ...change })).not.toBe(datasetHash(set));
  });

  it('does not depend on name, normalisation or augmentation', () => {
    expect(datasetHash({ ...set, name: 'other', normalization: { mean: [1], std: [2] } })).toBe(datasetHash(set));
  });
});
