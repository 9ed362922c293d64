import { describe, expect, it } from 'vitest';
import { normalizationOf } from './normalization.ts';

describe('normalizationOf', () => {
  it('takes mean and std over all pixels of a channel, in [0, 1]', () => {
    // Two pictures of 2 channels and 2 pixels. Channel 0: 0, 255, 255, 0. Channel 1: 51 (a fifth) everywhere but one 255.
    const images = Uint8Array.from([0, 255, 51, 51, 255, 0, 51, 255]);
    const { mean, std } = normalizationOf({ size: 2, images, labels: new Int32Array(2) }, 2);
    expect(mean[0]).toBeCloseTo(0.5, 12);
    expect(std[0]).toBeCloseTo(0.5, 12);
    // (3 * 0.2 + 1) / 4 = 0.4; variance (3 * 0.04 + 0.36) / 4 = 0.12
    expect(mean[1]).toBeCloseTo(0.4, 12);
    expect(std[1]).toBeCloseTo(Math.sqrt(0.12), 12);
  });

  it('gives a channel without variation std 1', () => {
    const { mean, std } = normalizationOf({ size: 1, images: Uint8Array.from([51, 51]), labels: new Int32Array(1) }, 1);
    expect(mean[0]).toBeCloseTo(0.2, 12);
    expect(std).toEqual([1]);
  });
});
