import { describe, expect, it } from 'vitest';
import { attack, type ImageGradient } from './attack.ts';

/** Two channels of one pixel each; pixels 0.5 and 0.2 become (0.5 - 0.5) / 0.25 = 0 and (0.2 - 0.4) / 0.5 = -0.4. */
const scale = { mean: [0.5, 0.4], std: [0.25, 0.5] };
const labels = Int32Array.of(0);
const picture = Float32Array.of(0, -0.4);
const pixelsOf = (images: Float32Array) => Array.from(images, (value, i) => value * scale.std[i % 2]! + scale.mean[i % 2]!);
/** Loss x0 - x1 of every picture, wherever it is. */
const slope: ImageGradient = async (images) => images.map((_, i) => (i % 2 === 0 ? 7 : -0.001));

describe('attack', () => {
  it('fgsm moves every pixel by epsilon, whatever the size of the gradient and the scale of the channel', async () => {
    const moved = await attack(picture, labels, scale, slope, { kind: 'fgsm', epsilon: 0.1 });
    expect(pixelsOf(moved)).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.1, 6)]);
    expect(picture).toEqual(Float32Array.of(0, -0.4));
  });

  it('stays among pixels from 0 to 1, and leaves a pixel without a gradient', async () => {
    const white = Float32Array.of(1.9, -0.4); // the first pixel is 0.975
    expect(pixelsOf(await attack(white, labels, scale, slope, { kind: 'fgsm', epsilon: 0.3 }))).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(0, 6),
    ]);
    const flat: ImageGradient = async (images) => images.map(() => 0);
    expect(await attack(white, labels, scale, flat, { kind: 'fgsm', epsilon: 0.3 })).toEqual(white);
  });

  it('pgd comes to the corner that the gradient points to, and never leaves the room', async () => {
    const seen: number[][] = [];
    const watched: ImageGradient = async (images, own) => {
      seen.push(pixelsOf(images));
      return slope(images, own);
    };
    const moved = await attack(picture, labels, scale, watched, { kind: 'pgd', epsilon: 0.1, steps: 4 });
    expect(pixelsOf(moved)).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.1, 6)]); // 4 steps of 0.0625 cross the whole room of 0.2
    expect(seen).toHaveLength(4);
    for (const [first, second] of seen) {
      expect(Math.abs(first! - 0.5)).toBeLessThanOrEqual(0.1 + 1e-6);
      expect(Math.abs(second! - 0.2)).toBeLessThanOrEqual(0.1 + 1e-6);
    }
    // Each step by 2.5 * 0.1 / 4, from where it starts to the border.
    for (let k = 1; k < 4; k++) expect(seen[k]![0]).toBeCloseTo(Math.min(seen[k - 1]![0]! + 0.0625, 0.6), 6);
  });

  it('pgd turns where the gradient turns: a loss of -|x - 0.05| in normalised units ends within a step of its top', async () => {
    const top: ImageGradient = async (images) => images.map((value) => Math.sign(0.05 - value));
    const [first] = await attack(picture, labels, scale, top, { kind: 'pgd', epsilon: 0.1, steps: 50, stepSize: 0.005 });
    expect(Math.abs(first! - 0.05)).toBeLessThanOrEqual(0.005 / 0.25 + 1e-6);
  });

  it('starts anew for another seed, and at the same place in whatever batch a picture is', async () => {
    const still: ImageGradient = async (images) => images.map(() => 0);
    const start = (images: Float32Array, seed: number, firstIndex: number) =>
      attack(images, new Int32Array(images.length / 2), scale, still, { kind: 'pgd', epsilon: 0.1, seed, firstIndex });
    const both = await start(Float32Array.of(0, -0.4, 0, -0.4), 3, 0);
    expect(await start(picture, 3, 1)).toEqual(both.subarray(2));
    expect(await start(picture, 4, 1)).not.toEqual(both.subarray(2));
    expect(both.subarray(0, 2)).not.toEqual(both.subarray(2));
  });

  it.each([
    [{ kind: 'fgsm', epsilon: 0 }, 'attack.epsilon: expected a number above 0 and at most 1, in units of pixels in [0, 1], received 0'],
    [{ kind: 'fgsm', epsilon: 8 }, 'attack.epsilon: expected a number above 0 and at most 1, in units of pixels in [0, 1], received 8'],
    [{ kind: 'pgd', epsilon: 0.1, steps: 0 }, 'attack.steps: expected a whole number of at least 1, received 0'],
    [{ kind: 'pgd', epsilon: 0.1, stepSize: -1 }, 'attack.stepSize: expected a number above 0, received -1'],
  ] as const)('refuses %j', async (options, message) => {
    await expect(attack(picture, labels, scale, slope, options)).rejects.toThrow(message);
  });

  it('refuses pictures that have no such channels', async () => {
    await expect(attack(Float32Array.of(0, 0, 0), labels, scale, slope, { kind: 'fgsm', epsilon: 0.1 })).rejects.toThrow(
      'attack: images: expected 1 pictures of 2 channels, received 3 numbers',
    );
  });
});
