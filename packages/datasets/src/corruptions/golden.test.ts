/** Corruptions against numpy, scipy, scikit-image, OpenCV and Pillow, fed with the same noise: tooling/golden/make_corruptions.py. */
import { readFileSync } from 'node:fs';
import { decodeSafetensors, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { defocusBlur, gaussianBlur } from './blurs.ts';
import { brightness, contrast, saturate } from './colours.ts';
import type { Corruption } from './corruption.ts';
import { elasticTransform } from './elastic-transform.ts';
import { fog } from './fog.ts';
import { glassBlur } from './glass-blur.ts';
import { jpegCompression } from './jpeg-compression.node.ts';
import { motionBlur } from './motion-blur.ts';
import { gaussianNoise, impulseNoise, speckleNoise } from './noises.ts';
import { clip, type Picture, pictureAt } from './picture.ts';
import { pixelate } from './pixelate.ts';
import { snow } from './snow.ts';
import { spatter } from './spatter.ts';
import { zoomBlur } from './zoom-blur.ts';

const FILE = new URL('../../../../test/golden/corruptions/corruptions.safetensors', import.meta.url);
const { tensors } = decodeSafetensors(readFileSync(FILE), FILE.pathname);
const SIDE = 16;
const dataOf = (name: string): Float64Array => Float64Array.from(tensors.get(name)!.data as ArrayLike<number>);

function picture(number: number): Picture {
  return pictureAt(Uint8Array.from(dataOf(`${number}/picture`)), 0, SIDE, SIDE);
}

/** Largest difference at each severity, for values in [0, 1]. */
async function differences<S, D>(
  name: string,
  number: number,
  { settings, apply }: Corruption<S, D>,
  drawn: (noise: (name: string) => Float64Array, setting: S) => D,
): Promise<number[]> {
  const expected = dataOf(`${number}/${name}`);
  const noise = (which: string) => dataOf(`${number}/drawn/${which}`);
  const found: number[] = [];
  for (const [index, setting] of settings.entries()) {
    const made = (await apply(picture(number), setting, drawn(noise, setting))).flatMap(({ values }) => Array.from(values, clip));
    const truth = expected.subarray(index * made.length, (index + 1) * made.length);
    found.push(made.reduce((worst, value, at) => Math.max(worst, Math.abs(value - truth[at]! / 65535)), 0));
  }
  return found;
}

const nothing = () => undefined;
/** The file has 16 bits; the rest is rounding, of OpenCV's in float32. */
const CLOSE = 2e-5;

describe.each([0, 1])('on picture %i, at all severities, within 2e-5 of 1', (number) => {
  const cases: Record<string, () => Promise<number[]>> = {
    gaussian_noise: () => differences('gaussian_noise', number, gaussianNoise, (noise) => noise('normal')),
    speckle_noise: () => differences('speckle_noise', number, speckleNoise, (noise) => noise('normal')),
    impulse_noise: () => differences('impulse_noise', number, impulseNoise, (noise) => [noise('whether'), noise('which')] as const),
    defocus_blur: () => differences('defocus_blur', number, defocusBlur, nothing),
    gaussian_blur: () => differences('gaussian_blur', number, gaussianBlur, nothing),
    glass_blur: () => differences('glass_blur', number, glassBlur, (noise) => noise('offsets')),
    motion_blur: () => differences('motion_blur', number, motionBlur, (noise) => noise('degrees')[0]!),
    zoom_blur: () => differences('zoom_blur', number, zoomBlur, nothing),
    snow: () => differences('snow', number, snow, (noise) => ({ normals: noise('flakes'), degrees: noise('fall')[0]! })),
    fog: () => differences('fog', number, fog, (noise) => noise('plasma')),
    brightness: () => differences('brightness', number, brightness, nothing),
    contrast: () => differences('contrast', number, contrast, nothing),
    saturate: () => differences('saturate', number, saturate, nothing),
    elastic_transform: () =>
      differences('elastic_transform', number, elasticTransform, (noise) => ({
        points: noise('points'),
        right: noise('right'),
        down: noise('down'),
      })),
    pixelate: () => differences('pixelate', number, pixelate, nothing),
    spatter: () => differences('spatter', number, spatter, (noise) => noise('flakes')),
  };
  it.each(Object.keys(cases))('%s', async (name) => {
    for (const difference of await cases[name]!()) expect(difference).toBeLessThan(CLOSE);
  });

  it('jpeg_compression, within two levels, for which two builds of the codec may differ', async () => {
    for (const difference of await differences('jpeg_compression', number, jpegCompression, nothing)) {
      expect(difference).toBeLessThan(2.01 / 255);
    }
  });
});

describe('corruptions', () => {
  it('leave the picture that they are given as it is', async () => {
    const before = picture(1);
    const after = picture(1);
    const run = async <S, D>({ settings, draw, apply }: Corruption<S, D>) => {
      for (const setting of settings) await apply(after, setting, draw(rng(1).stream('test'), setting, after));
    };
    await Promise.all([run(glassBlur), run(snow), run(fog), run(spatter), run(elasticTransform), run(impulseNoise)]);
    await Promise.all([run(motionBlur), run(zoomBlur), run(pixelate)]);
    expect(after).toEqual(before);
  });
});
