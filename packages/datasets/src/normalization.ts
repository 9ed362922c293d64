import type { Normalization, Samples } from './dataset.ts';

/**
 * Mean and standard deviation of each channel over all pixels of all pictures, for pixels in [0, 1].
 * Exact up to one rounding per channel: pixels are counted by value first. A channel without any variation gets std 1, so that
 * normalising it gives zeros.
 *
 * @param channels C of the pictures, which are (size, C, H, W)
 */
export function normalizationOf(samples: Samples, channels: number): Normalization {
  const plane = samples.images.length / (samples.size * channels);
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const counts = countValues(samples.images, channel * plane, plane, channels * plane);
    const moments = momentsOf(counts, samples.size * plane);
    mean.push(moments.mean / 255);
    std.push(moments.variance === 0 ? 1 : Math.sqrt(moments.variance) / 255);
  }
  return { mean, std };
}

/** How often each byte value occurs in one plane of every picture. */
function countValues(images: Uint8Array, first: number, plane: number, stride: number): Float64Array {
  const counts = new Float64Array(256);
  for (let start = first; start < images.length; start += stride) {
    for (let i = start; i < start + plane; i++) counts[images[i]!]!++;
  }
  return counts;
}

function momentsOf(counts: Float64Array, total: number): { mean: number; variance: number } {
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += value * counts[value]!;
  const mean = sum / total;
  let squares = 0;
  for (let value = 0; value < 256; value++) squares += counts[value]! * (value - mean) ** 2;
  return { mean, variance: squares / total };
}
