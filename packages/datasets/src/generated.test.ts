import { describe, expect, it } from 'vitest';
import { datasetHash } from './content-hash.node.ts';
import { generated } from './generated.ts';

describe('generated', () => {
  const set = generated();

  it('has 6000 and 2000 pictures of 1x16x16 in ten classes, equally many of each', () => {
    expect(set.shape).toEqual([1, 16, 16]);
    expect(set.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    for (const [samples, size] of [
      [set.train, 6000],
      [set.test, 2000],
    ] as const) {
      expect([samples.size, samples.images.length, samples.labels.length]).toEqual([size, size * 256, size]);
      for (let label = 0; label < 10; label++) expect(samples.labels.filter((other) => other === label).length).toBe(size / 10);
    }
  });

  it('is the same every time, and another for another seed', () => {
    const few = { train: 50, test: 20 };
    expect(datasetHash(generated(few))).toBe(datasetHash(generated(few)));
    expect(datasetHash(generated({ ...few, seed: 18 }))).not.toBe(datasetHash(generated(few)));
  });

  it('a smaller set is the beginning of a larger one', () => {
    expect(generated({ train: 100, test: 10 }).train.images).toEqual(set.train.images.subarray(0, 100 * 256));
  });

  it('no two pictures are alike, within and across train and test', () => {
    const texts = new Set<string>();
    for (const samples of [set.train, set.test]) {
      for (let i = 0; i < samples.size; i++) texts.add(samples.images.subarray(i * 256, (i + 1) * 256).join());
    }
    expect(texts.size).toBe(8000);
  });

  it('draws in other sizes', () => {
    const large = generated({ train: 10, test: 10, size: 28 });
    expect(large.shape).toEqual([1, 28, 28]);
    expect(large.train.images.length).toBe(10 * 784);
  });

  it('can be learnt, but not by the simplest rule: the nearest class mean is right for 40 to 85 %', () => {
    const means = Array.from({ length: 10 }, () => new Float64Array(256));
    for (let i = 0; i < set.train.size; i++) {
      const mean = means[set.train.labels[i]!]!;
      for (let p = 0; p < 256; p++) mean[p]! += set.train.images[i * 256 + p]! / 600;
    }
    const distance = (i: number, mean: Float64Array) =>
      mean.reduce((sum, value, p) => sum + (value - set.test.images[i * 256 + p]!) ** 2, 0);
    let right = 0;
    for (let i = 0; i < set.test.size; i++) {
      const distances = means.map((mean) => distance(i, mean));
      if (distances.indexOf(Math.min(...distances)) === set.test.labels[i]) right++;
    }
    expect(right / set.test.size).toBeGreaterThan(0.4);
    expect(right / set.test.size).toBeLessThan(0.85);
  });

  it.each([{ train: 9 }, { test: 2.5 }, { size: 7 }, { size: 129 }, { train: Number.NaN }])('refuses %j', (options) => {
    expect(() => generated(options)).toThrow(/^(train|test|size): expected a whole number from/);
  });
});
