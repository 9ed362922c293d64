import type { Prediction } from '@freetickets/sparse-core';
import { meanMetric } from './mean-metric.ts';
import type { Metric } from './metric.ts';

/** A float32 softmax underflows to 0 for a logit gap of about 104; the floor bounds what one such sample can cost to 27.6 nats. */
export const PROBABILITY_FLOOR = 1e-12;

/** Negative log-likelihood: the mean of -ln p(label), in nats; probabilities below 1e-12 count as 1e-12. */
export const nll = (): Metric => meanMetric('nll', 'lower', nllOfSample);

export const nllOfSample = ({ probs, classes }: Prediction, n: number, label: number): number =>
  -Math.log(Math.max(probs[n * classes + label]!, PROBABILITY_FLOOR));
