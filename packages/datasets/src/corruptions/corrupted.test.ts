import { corruptionNames, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import type { Samples } from '../dataset.ts';
import { defocusBlur, gaussianBlur } from './blurs.ts';
import { brightness, contrast, saturate } from './colours.ts';
import { corrupted } from './corrupted.node.ts';
import { elasticTransform } from './elastic-transform.ts';
import { fog } from './fog.ts';
import { frost } from './frost.ts';
import { glassBlur } from './glass-blur.ts';
import { motionBlur } from './motion-blur.ts';
import { gaussianNoise, impulseNoise, speckleNoise } from './noises.ts';
import { type Picture, pictureAt, writePicture } from './picture.ts';
import { pixelate } from './pixelate.ts';
import { poisson } from './poisson.ts';
import { snow } from './snow.ts';
import { spatter } from './spatter.ts';
import { zoomBlur } from './zoom-blur.ts';

const PIXELS = 3072;
const dataset = { shape: [3, 32, 32] as const };

/** Waves of random direction in each channel, with a little noise: neighbours alike, as in photographs. */
function waves(size: number): Samples {
  const images = new Uint8Array(size * PIXELS);
  for (let plane = 0; plane < 3 * size; plane++) {
    const stream = rng(3).stream('waves', plane);
    const [down, right, phase] = [0.6 * stream.uniform(), 0.6 * stream.uniform(), 6 * stream.uniform()];
    for (let at = 0; at < 1024; at++) {
      images[1024 * plane + at] = 127 + 100 * Math.sin(down * Math.floor(at / 32) + right * (at % 32) + phase) + 8 * stream.normal();
    }
  }
  return { size, images, labels: Int32Array.from({ length: size }, (_, i) => i % 10) };
}

const clean = waves(6);
const distance = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;

describe('corrupted', () => {
  it.each(corruptionNames)(
    'makes of %s the same bytes again, of each picture alone, and others of another seed if it draws',
    async (corruption) => {
      const make = (samples: Samples, seed: number) => corrupted(samples, { dataset, corruption, severity: 2, seed });
      const all = await make(clean, 5);
      expect(all.images).toEqual((await make(clean, 5)).images);
      expect(all.labels).toBe(clean.labels);
      const fewer = { size: 2, images: clean.images.subarray(0, 2 * PIXELS), labels: clean.labels.subarray(0, 2) };
      expect([...(await make(fewer, 5)).images]).toEqual([...all.images.subarray(0, 2 * PIXELS)]);
      const drawsNothing = /defocus|gaussian_blur|zoom|brightness|contrast|pixelate|jpeg|saturate/.test(corruption);
      expect(distance((await make(clean, 6)).images, all.images) === 0).toBe(drawsNothing);
    },
  );

  // Not of frost, saturate, glass_blur, elastic_transform and spatter, whose published settings do not rise in one direction.
  const rising = corruptionNames.filter((name) => !/frost|saturate|glass|elastic|spatter/.test(name));
  it.each(rising)('changes more from severity 1 to 3 to 5: %s', async (corruption) => {
    const enough = waves(40); // directions of motion are drawn: a few pictures could deceive
    const distances: number[] = [];
    for (const severity of [1, 3, 5]) {
      distances.push(distance((await corrupted(enough, { dataset, corruption, severity })).images, enough.images));
    }
    expect(distances[0]).toBeGreaterThan(0);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  });

  it.each<[object, string]>([
    [{ severity: 6 }, 'severity: expected a whole number from 1 to 5, received 6'],
    [{ severity: 0 }, 'severity: expected a whole number from 1 to 5, received 0'],
    [{ corruption: 'snoww' }, 'Did you mean snow?'],
    [{ dataset: { shape: [1, 28, 28] } }, 'dataset.shape: expected pictures of 3x32x32 to corrupt, received "1x28x28"'],
  ])('refuses %j', async (options, sentence) => {
    await expect(corrupted(clean, { dataset, corruption: 'snow', severity: 1, ...options })).rejects.toThrow(sentence);
  });

  it('refuses samples whose bytes are not of that shape', async () => {
    const odd = { ...clean, images: clean.images.subarray(1) };
    await expect(corrupted(odd, { dataset, corruption: 'fog', severity: 1 })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  });
});

describe('a setting of nothing', () => {
  const picture = pictureAt(clean.images, 0, 32, 32);
  const drawn = { normals: Float64Array.from({ length: PIXELS }, (_, i) => Math.sin(i)), plane: new Float64Array(1024).fill(0.5) };
  const { points, right, down } = { points: new Float64Array(6).fill(1), right: drawn.plane, down: drawn.plane };
  const unchanged: Record<string, () => Picture | Promise<Picture>> = {
    gaussian_noise: () => gaussianNoise.apply(picture, 0, drawn.normals),
    speckle_noise: () => speckleNoise.apply(picture, 0, drawn.normals),
    impulse_noise: () => impulseNoise.apply(picture, 0, [new Float64Array(PIXELS).fill(0.5), drawn.normals]),
    gaussian_blur: () => gaussianBlur.apply(picture, 0, undefined),
    defocus_blur: () => defocusBlur.apply(picture, { radius: 0, edge: 0.05 }, undefined),
    glass_blur: () => glassBlur.apply(picture, { deviation: 0, reach: 1, rounds: 1 }, new Float64Array(2 * 900)),
    motion_blur: () => motionBlur.apply(picture, { radius: 0, deviation: 1 }, 30),
    zoom_blur: () => zoomBlur.apply(picture, 1, undefined),
    snow: () =>
      snow.apply(
        picture,
        { mean: 0, deviation: 0, zoom: 1, threshold: 1, motion: { radius: 1, deviation: 1 }, colour: 1 },
        { normals: drawn.plane, degrees: 0 },
      ),
    frost: () => frost.apply(picture, { picture: 1, frost: 0 }, drawn.normals),
    fog: () => fog.apply(picture, { strength: 0, decay: 2 }, drawn.normals),
    brightness: () => brightness.apply(picture, 0, undefined),
    contrast: () => contrast.apply(picture, 1, undefined),
    saturate: () => saturate.apply(picture, { factor: 1, more: 0 }, undefined),
    elastic_transform: () => elasticTransform.apply(picture, { strength: 0, smoothness: 0, jitter: 0 }, { points, right, down }),
    pixelate: () => pixelate.apply(picture, 1, undefined),
    spatter: () => spatter.apply(picture, { liquid: 'water', mean: 0.1, deviation: 0, blur: 1, threshold: 0.7, strength: 1 }, drawn.plane),
  };
  it.each(Object.keys(unchanged))('changes no byte: %s', async (name) => {
    const out = new Uint8Array(PIXELS);
    writePicture(await unchanged[name]!(), out, 0);
    expect([...out]).toEqual([...clean.images.subarray(0, PIXELS)]);
  });
});

describe('writePicture', () => {
  it('clips, cuts fractions off, and gives every byte back', () => {
    const bytes = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
    const out = new Uint8Array(768);
    writePicture(pictureAt(bytes, 0, 16, 16), out, 0);
    expect(out).toEqual(bytes);
    const plane = { height: 1, width: 4, values: Float64Array.of(-0.5, 1.5, 99.9 / 255, 100 / 255) };
    writePicture([plane, plane, plane], out, 0);
    expect([...out.subarray(0, 4)]).toEqual([0, 255, 99, 100]);
  });
});

describe('frost', () => {
  it('mixes picture and frost in the published proportions', () => {
    const [picture] = [pictureAt(new Uint8Array(12).fill(102), 0, 2, 2)]; // 0.4
    const made = frost.apply(picture, frost.settings[2], new Float64Array(12).fill(0.5)) as Picture;
    expect(made[2].values[3]).toBeCloseTo(0.9 * 0.4 + 0.4 * 0.5, 12);
  });

  it('draws frost between black and white, with structure, blue before red', () => {
    const drawn = frost.draw(rng(1).stream('frost'), frost.settings[0], pictureAt(clean.images, 0, 32, 32));
    const mean = (from: number) => drawn.subarray(from, from + 1024).reduce((sum, value) => sum + value, 0) / 1024;
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1);
    expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(0.3);
    expect(mean(0)).toBeCloseTo(0.88 * mean(2048), 12);
  });
});

describe('poisson', () => {
  // Both ways of drawing, and where they meet. Of n draws the mean's standard error is sqrt(mean / n), the variance's about mean * sqrt(2 / n).
  it.each([0.3, 3, 9.9, 10, 12.5, 60, 500])('has the mean, variance and frequencies of mean %d', (mean) => {
    const stream = rng(8).stream('poisson', mean);
    const n = 40_000;
    const counts = new Map<number, number>();
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const k = poisson(mean, stream);
      counts.set(k, (counts.get(k) ?? 0) + 1);
      sum += k;
      squares += (k - mean) ** 2;
    }
    expect(Math.abs(sum / n - mean)).toBeLessThan(4 * Math.sqrt(mean / n));
    expect(Math.abs(squares / n - mean)).toBeLessThan(4 * Math.sqrt((mean + 2 * mean * mean) / n));
    let logProbability = -mean;
    for (let k = 0; k <= 2 * mean + 20; k++) {
      const expected = n * Math.exp(logProbability);
      if (expected > 25) expect(Math.abs((counts.get(k) ?? 0) - expected), `${k}`).toBeLessThan(5 * Math.sqrt(expected));
      logProbability += Math.log(mean) - Math.log(k + 1);
    }
  });

  it('of mean 0 is 0', () => {
    const stream = rng(1).stream('zero');
    expect(Array.from({ length: 100 }, () => poisson(0, stream)).every((k) => k === 0)).toBe(true);
  });
});
