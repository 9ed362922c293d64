import { SparseError } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { topLabelMetric } from '../top-label.ts';
import { meanOf } from './aurc.ts';
import { riskCoverage } from './risk-coverage.ts';

export interface EAurcOptions {
  /**
   * What the best possible order costs. `formula` (default): r + (1 - r) ln(1 - r) at error rate r, as published, which is the limit of many
   * samples. `exact`: the area of that order on these very samples, so that a perfect order gives 0 whatever their number.
   */
  readonly optimum?: 'formula' | 'exact';
}

/**
 * Excess area under the risk-coverage curve: `aurc()` less that of an order that puts every correct sample before every wrong one.
 * @throws SparseError INVALID_ARGUMENT for another optimum
 * @source Geifman, Uziel and El-Yaniv, arXiv:1805.08206, section 4
 */
export function eAurc({ optimum = 'formula' }: EAurcOptions = {}): Metric {
  if (optimum !== 'formula' && optimum !== 'exact') throw new SparseError('INVALID_ARGUMENT', 'eAurc.optimum', 'formula or exact', optimum);
  return topLabelMetric('eAurc', 'lower', `(${optimum})`, (all) => {
    const { risk } = riskCoverage(all);
    const errors = all.correct.reduce((sum, one) => sum + 1 - one, 0);
    return meanOf(risk) - (optimum === 'exact' ? exactOptimum(errors, risk.length) : formula(errors / risk.length));
  });
}

const formula = (r: number): number => (r === 1 ? 1 : r + (1 - r) * Math.log1p(-r));

function exactOptimum(errors: number, samples: number): number {
  let sum = 0;
  for (let k = samples - errors + 1; k <= samples; k++) sum += (k - (samples - errors)) / k;
  return sum / samples;
}
