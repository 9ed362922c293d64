import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { type ColourChange, drawJitter, jitterColours } from './colour-jitter.ts';
import { cutOut } from './cutout.ts';
import { type Augmentation, cropFlip, type PictureShape, resizedCrop, type Samples } from './dataset.ts';
import { hsvOf, rgbOf } from './hsv.ts';
import { prefetch } from './prefetch.node.ts';
import { drawPart, writePart } from './resized-crop.ts';
import { sourceOf } from './source.ts';

const SHAPE: PictureShape = [3, 12, 10];
const SIZE = 37;
const bytes = rng(2).stream('pictures');
const samples: Samples = {
  size: SIZE,
  images: Uint8Array.from({ length: SIZE * 360 }, () => bytes.below(256)),
  labels: Int32Array.from({ length: SIZE }, (_, i) => i), // so that a label says which picture it is
};
const normalization = { mean: [0.25, 0.5, 0.75], std: [0.5, 0.25, 0.125] };
const source = (augmentation: Augmentation, from = samples) =>
  sourceOf(from, { dataset: { classes: Array.from({ length: SIZE }, String), shape: SHAPE, normalization, augmentation } });

/** Each picture of a pass by its number. */
function passOf(augmentation: Augmentation, batchSize: number, epoch = 0, seed = 5): Map<number, Float32Array> {
  const found = new Map<number, Float32Array>();
  for (const { size, images, labels } of source(augmentation).batches({ batchSize, shuffle: { seed, epoch } })) {
    for (let i = 0; i < size; i++) found.set(labels[i]!, images.slice(i * 360, (i + 1) * 360));
  }
  return found;
}

const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };
const kinds: Record<string, Augmentation> = {
  cutout: cropFlip({ pad: 2, cutout: 4 }),
  'resized crop': resizedCrop(),
  'resized crop with colour jitter': resizedCrop({ jitter }),
};

describe.each(Object.entries(kinds))('%s', (_, augmentation) => {
  it('does to a sample what (seed, epoch, sample) say, whatever the batches', () => {
    const whole = passOf(augmentation, 37);
    expect(passOf(augmentation, 5)).toEqual(whole);
    expect(passOf(augmentation, 5, 1)).not.toEqual(whole);
    expect(passOf(augmentation, 5, 0, 6)).not.toEqual(whole);
  });

  it('gives the same bits in workers', async () => {
    const options = { batchSize: 8, shuffle: { seed: 5, epoch: 2 } };
    const expected = [...source(augmentation).batches(options)].map(({ images }) => images);
    await using threaded = prefetch(source(augmentation), { workers: 2, onNotice: (sentence) => expect.fail(sentence) });
    const found: Float32Array[] = [];
    for await (const { images } of threaded.batches(options)) found.push(images.slice());
    expect(found).toEqual(expected);
  });

  it('leaves passes without shuffle alone', () => {
    const options = { batchSize: 37 };
    expect([...source(augmentation).batches(options)]).toEqual([...source('none').batches(options)]);
  });
});

describe('cutout', () => {
  it('leaves the crop and the mirroring as they are without it, and zeroes a square', () => {
    const before = passOf(cropFlip({ pad: 2 }), 37);
    for (const [sample, image] of passOf(cropFlip({ pad: 2, cutout: 4 }), 37)) {
      const changed = [...image.keys()].filter((at) => image[at] !== before.get(sample)![at]);
      expect(changed.length).toBeGreaterThan(3); // at a corner 2 x 2 of 4 x 4 are left, in three channels
      expect(changed.length).toBeLessThanOrEqual(3 * 16);
      expect(changed.every((at) => image[at] === 0)).toBe(true);
    }
  });

  it('centres on the pixel that the word names, and ends at the border', () => {
    const ones = () => new Float32Array(16).fill(1);
    const drawn = (word: number) => {
      const out = ones();
      cutOut(out, 0, [1, 4, 4], 2, word);
      return out.join('');
    };
    // In base 4 the word's first digit is the row, the second the column; the square lies up and left of it.
    expect(drawn(0)).toBe('0111111111111111');
    expect(drawn((2 / 4 + 3 / 16) * 2 ** 32)).toBe('1111110011001111');
    expect(drawn((0 / 4 + 1 / 16) * 2 ** 32)).toBe('0011111111111111');
  });
});

describe('resizedCrop', () => {
  it('draws parts within the picture, of the areas and ratios asked for', () => {
    const stream = rng(4).stream('parts');
    const shape: PictureShape = [3, 100, 80];
    let mirrored = 0;
    let [least, most] = [1, 0];
    for (let i = 0; i < 2000; i++) {
      const { top, left, height, width, ...part } = drawPart(resizedCrop(), shape, stream);
      mirrored += Number(part.mirrored);
      expect(top >= 0 && left >= 0 && top + height <= 100 && left + width <= 80).toBe(true);
      const area = (height * width) / 8000;
      [least, most] = [Math.min(least, area), Math.max(most, area)];
      expect(width / height).toBeGreaterThan(0.75 - 0.03); // sides are rounded
      expect(width / height).toBeLessThan(4 / 3 + 0.05);
    }
    expect(mirrored / 2000).toBeCloseTo(0.5, 1);
    expect(least).toBeLessThan(0.1);
    expect(least).toBeGreaterThan(0.075);
    expect(most).toBeGreaterThan(0.9);
  });

  it('takes the middle when no part fits', () => {
    const wide = { ...resizedCrop(), area: [1, 1] as const, ratio: [4, 4] as const };
    expect(drawPart(wide, [1, 40, 40], rng(1).stream('x'))).toMatchObject({ height: 10, width: 40, top: 15, left: 0 });
  });

  it('enlarges linearly, pixel centres at halves, as PyTorch does without aligned corners', () => {
    const out = new Float32Array(4);
    // Two pixels 0 and 255 to four places: -0.25, 0.25, 0.75, 1.25 of the part, held at its edges.
    writePart(out, 0, Uint8Array.of(0, 255, 9, 9), 0, [1, 1, 4], { top: 0, left: 0, height: 1, width: 2, mirrored: false });
    expect([...out]).toEqual([0, 0.25, 0.75, 1]);
    writePart(out, 0, Uint8Array.of(9, 0, 255, 9), 0, [1, 1, 4], { top: 0, left: 1, height: 1, width: 2, mirrored: true });
    expect([...out]).toEqual([1, 0.75, 0.25, 0]);
  });

  it('of the whole picture is the picture', () => {
    const whole = resizedCrop({ area: [1, 1], ratio: [10 / 12, 10 / 12], flip: 0 });
    const plain = source('none').batches({ batchSize: SIZE }) as Generator<{ images: Float32Array }>;
    const expected = plain.next().value!.images;
    for (const [sample, image] of passOf(whole, SIZE)) {
      image.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[sample * 360 + at]!, 5);
      });
    }
  });

  it.each<[Augmentation, string]>([
    [resizedCrop({ area: [0, 1] }), 'augmentation.area: expected a range of shares within (0, 1], received [0,1]'],
    [resizedCrop({ ratio: [2, 1] }), 'augmentation.ratio: expected a range of positive ratios'],
    [resizedCrop({ flip: 2 }), 'augmentation.flip: expected a probability from 0 to 1, received 2'],
    [resizedCrop({ jitter: { hue: 0.6 } }), 'augmentation.jitter.hue: expected a number from 0 to 0.5, received 0.6'],
    [resizedCrop({ jitter: { contrast: -1 } }), 'augmentation.jitter.contrast: expected a number of at least 0, received -1'],
    [cropFlip({ cutout: 13 }), 'augmentation.cutout: expected a whole number from 1 to 12 for 12x10 pictures, received 13'],
    [cropFlip({ cutout: 0 }), 'augmentation.cutout: expected a whole number from 1 to 12'],
  ])('refuses %j', (augmentation, sentence) => {
    expect(() => source(augmentation)).toThrow(sentence);
  });
});

function close(found: readonly number[], expected: readonly number[], digits = 6): void {
  for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, digits);
}

describe('colour jitter', () => {
  /** Two pixels: (0.8, 0.4, 0.2) and black. */
  function changed(...changes: ColourChange[]): number[] {
    const planes = [Float32Array.of(0.8, 0), Float32Array.of(0.4, 0), Float32Array.of(0.2, 0)] as const;
    jitterColours(planes, changes);
    return planes.flatMap((plane) => [...plane]);
  }
  const grey = 0.299 * 0.8 + 0.587 * 0.4 + 0.114 * 0.2; // 0.4968

  it('scales by the brightness and clips', () => {
    close(changed({ kind: 'brightness', amount: 1.5 }), [1, 0, 0.6, 0, 0.3, 0]);
  });

  it('moves values away from the mean grey by the contrast', () => {
    const mean = grey / 2;
    close(
      changed({ kind: 'contrast', amount: 0.5 }),
      [0.8, 0, 0.4, 0, 0.2, 0].map((value) => mean + 0.5 * (value - mean)),
    );
  });

  it('moves values away from their own grey by the saturation', () => {
    close(changed({ kind: 'saturation', amount: 0 }), [grey, 0, grey, 0, grey, 0]);
  });

  it('turns the hue: a third of the circle takes red to green, green to blue', () => {
    close(changed({ kind: 'hue', amount: 1 / 3 }), [0.2, 0, 0.8, 0, 0.4, 0]);
  });

  it('does one after the other', () => {
    close(changed({ kind: 'brightness', amount: 2 }, { kind: 'brightness', amount: 0.5 }), [0.5, 0, 0.4, 0, 0.2, 0]);
  });

  it('draws each kind once, in changing order, within its range', () => {
    const stream = rng(3).stream('jitter');
    const firsts = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const changes = drawJitter(jitter, stream);
      firsts.add(changes[0]!.kind);
      expect(changes.map(({ kind }) => kind).sort()).toEqual(['brightness', 'contrast', 'hue', 'saturation']);
      for (const { kind, amount } of changes) {
        if (kind === 'hue') expect(Math.abs(amount)).toBeLessThanOrEqual(0.1);
        else expect(Math.abs(amount - 1)).toBeLessThanOrEqual(0.4);
      }
    }
    expect(firsts.size).toBe(4);
    expect(drawJitter({ hue: 0.2 }, stream).map(({ kind }) => kind)).toEqual(['hue']);
  });
});

describe('hsvOf and rgbOf', () => {
  it.each<[string, number[], number[]]>([
    ['red', [1, 0, 0], [0, 1, 1]],
    ['dark green', [0, 0.5, 0], [1 / 3, 1, 0.5]],
    ['blue', [0, 0, 1], [2 / 3, 1, 1]],
    ['pale magenta', [1, 0.5, 1], [5 / 6, 0.5, 1]],
    ['yellow', [1, 1, 0], [1 / 6, 1, 1]],
    ['cyan', [0, 1, 1], [1 / 2, 1, 1]],
    ['grey', [0.3, 0.3, 0.3], [0, 0, 0.3]],
  ])('%s', (_, rgb, hsv) => {
    const [r = 0, g = 0, b = 0] = rgb;
    const [h = 0, s = 0, v = 0] = hsv;
    close(hsvOf(r, g, b), hsv, 12);
    close(rgbOf(h, s, v), rgb, 12);
  });
});
