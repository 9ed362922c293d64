import { apportion } from '../apportion.ts';
import { largest } from '../select.ts';
import { meanMagnitude, signalOf, sizeOf } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * Each output unit gets a part of the new weights in proportion to its mean absolute averaged gradient, at most what is dead in it; inside a
 * unit those with the largest averaged gradient come. Counts are exact (largest remainders); the published code rounds down and leaves out
 * units of fewer than 10.
 */
export const momentumPerNeuron = (): GrowRule => ({
  kind: 'momentum-per-neuron',
  needs: ['momentum'],
  score: (layer, { candidates, count }) => {
    const average = signalOf(layer, 'momentum');
    const units = layer.shape[0]!;
    const fanIn = sizeOf(layer.shape) / units;
    const own = Array.from({ length: units }, (): number[] => []);
    for (const position of candidates) own[Math.floor(position / fanIn)]!.push(position);
    const means = own.map((_, unit) => meanMagnitude(average.subarray(unit * fanIn, (unit + 1) * fanIn)));
    const slots = apportion(
      count,
      means,
      own.map((positions) => positions.length),
    );
    const chosen = new Float32Array(average.length);
    for (const [unit, positions] of own.entries()) {
      const scores = Float32Array.from(positions, (position) => Math.abs(average[position]!));
      for (const ordinal of largest(scores, slots[unit]!)) chosen[positions[ordinal]!] = 1;
    }
    return chosen;
  },
});
