import { argmax } from './argmax.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric } from './metric.ts';

/** Share of samples, in [0, 1], whose most probable class is the label; the lowest class wins a tie. */
export const accuracy = (): Metric =>
  meanMetric('accuracy', 'higher', ({ probs, classes }, n, label) => (argmax(probs, n * classes, classes) === label ? 1 : 0));
