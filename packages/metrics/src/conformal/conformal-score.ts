import { SparseError } from '@freetickets/sparse-core';
import { checkWhole, type Reals } from '../reals.ts';

/**
 * How badly a class fits a prediction, by method; the class belongs to the set when its score is at most the calibrated threshold.
 * `thr`: 1 - p. `aps`: the probability of all classes before it in falling order, and its own. `raps`: that, and a penalty for each rank
 * beyond the first few, which keeps the long tail of improbable classes out.
 */
export type ConformalMethod = 'thr' | 'aps' | 'raps';

export interface ConformalRule {
  readonly method: ConformalMethod;
  /** APS and RAPS count a uniform share of the class's own probability only, which makes the coverage exact and the sets smaller. */
  readonly randomized: boolean;
  /** RAPS: added for each rank above `freeRanks` (lambda in the paper). */
  readonly penalty: number;
  /** RAPS: ranks without a penalty (k_reg in the paper). */
  readonly freeRanks: number;
}

export function checkRule({ method, penalty, freeRanks }: ConformalRule): void {
  if (method !== 'thr' && method !== 'aps' && method !== 'raps')
    throw new SparseError('INVALID_ARGUMENT', 'conformal.method', 'thr, aps or raps', method);
  if (!(penalty >= 0 && Number.isFinite(penalty)))
    throw new SparseError('INVALID_ARGUMENT', 'conformal.penalty', 'a number of at least 0', penalty);
  checkWhole('conformal.freeRanks', freeRanks, 0);
}

/**
 * Scores of all classes of one sample into `out` (classes); equal probabilities rank by class.
 * @param u uniform in [0, 1), the same for all classes; ignored unless `randomized`
 */
export function conformalScores(rule: ConformalRule, probs: Reals, offset: number, u: number, out: Float64Array): void {
  const classes = out.length;
  if (rule.method === 'thr') {
    for (let c = 0; c < classes; c++) out[c] = 1 - probs[offset + c]!;
    return;
  }
  const order = Uint32Array.from(out, (_, c) => c).sort((a, b) => probs[offset + b]! - probs[offset + a]! || a - b);
  const share = rule.randomized ? u : 0;
  let sum = 0;
  order.forEach((c, index) => {
    sum += probs[offset + c]!;
    const extra = rule.method === 'raps' ? rule.penalty * Math.max(0, index + 1 - rule.freeRanks) : 0;
    out[c] = sum - share * probs[offset + c]! + extra;
  });
}
