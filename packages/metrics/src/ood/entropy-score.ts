import type { Reals } from '../reals.ts';
import { entropies } from '../uncertainty-decomposition.ts';

/**
 * Entropy of each prediction, in nats; larger means less like the training data.
 * @param probs (samples, classes)
 */
export const entropyScore = (probs: Reals, classes: number): Float64Array => entropies(probs, classes);
