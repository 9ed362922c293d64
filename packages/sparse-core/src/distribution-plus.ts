/** ERK with a density of its own for the classifier, which ERK makes dense in small networks and thin in wide ones. */
import { clampedDensities, type Distribution, kernelShare, roundCounts, sparsifiable } from './distribution.ts';
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';

export interface ErkPlusOptions {
  /** Share of the classifier's weights that lives, from 0 to 1. Default 1: a dense classifier. */
  readonly density?: number;
  /** Default: the last weight of the network that may be sparse. */
  readonly classifier?: ParamName;
}

/**
 * The classifier has a given density, the other layers share the rest by ERK. Unlike `erk({ fixed })` the sparsity is that of all weights
 * together: the other layers make up for the classifier.
 * @throws SparseError INVALID_ARGUMENT when the classifier alone is more, or leaves more to the others, than there is
 * @source the mode of this name in VITA-Group/Random_Pruning; which total it keeps is this project's choice
 */
export const erkPlus =
  (options: ErkPlusOptions = {}): Distribution =>
  (net, sparsity) => {
    const { density = 1 } = options;
    if (!(density >= 0 && density <= 1)) throw new SparseError('INVALID_ARGUMENT', 'density', 'a density from 0 to 1', density);
    if (!(sparsity >= 0 && sparsity < 1)) throw new SparseError('INVALID_ARGUMENT', 'sparsity', 'a number in [0, 1)', sparsity);
    const weights = sparsifiable(net);
    if (sparsity === 0) return new Map(weights.map(({ name, size }) => [name, size]));
    const classifier = classifierOf(net, options.classifier);
    const others = weights.filter(({ name }) => name !== classifier);
    const sizeOf = (list: typeof weights) => list.reduce((sum, { size }) => sum + size, 0);
    const own = Math.round(density * net.params.get(classifier)!.size);
    const left = Math.round((1 - sparsity) * sizeOf(weights)) - own;
    const room = sizeOf(others);
    if (left <= 0 || left > room) {
      const expected = `a density of ${classifier} that leaves 1 to ${room} live weights to the other layers at sparsity ${sparsity}`;
      throw new SparseError('INVALID_ARGUMENT', 'density', expected, density);
    }
    const rest = 1 - left / room;
    const counts = roundCounts(others, clampedDensities(others, rest, kernelShare()).densities, rest);
    return new Map(weights.map(({ name }) => [name, counts.get(name) ?? own]));
  };

function classifierOf(net: Network, wanted: ParamName | undefined): ParamName {
  const names = sparsifiable(net).map(({ name }) => name);
  const found = wanted === undefined ? names.at(-1) : names.find((name) => name === wanted);
  if (found === undefined) throw new SparseError('INVALID_ARGUMENT', 'classifier', `one of ${names.join(', ')}`, wanted ?? 'nothing');
  return found;
}
