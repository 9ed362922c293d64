/**
 * Which trial trains next, and how far: asynchronous successive halving as a pure function of what is known. Without rungs it is a plain
 * list, one trial after the other.
 * @source ASHA, Li et al., "A system for massively parallel hyperparameter tuning", arXiv:1810.05934, algorithm 2
 */

/** What is known of a trial. */
export interface Standing {
  /** That it has been sent to, 0 for the first; undefined: not begun. The rung after the last is the end of training. */
  readonly rung?: number | undefined;
  /** Higher is better, by rung as far as it has come; -Infinity where it failed. */
  readonly scores: readonly number[];
}

export interface Promotion {
  readonly trial: number;
  readonly rung: number;
}

/**
 * The best trial that has reached a rung, is among the best `1 / reduction` there and has not gone on yet, highest rung first; else the next
 * new trial. Ties: the earlier trial.
 * @returns undefined when there is nothing to do before another trial arrives
 */
export function promotion(trials: readonly Standing[], rungs: number, reduction: number): Promotion | undefined {
  for (let rung = rungs - 1; rung >= 0; rung--) {
    const arrived = trials.flatMap(({ scores }, trial) => (scores.length > rung ? [{ trial, score: scores[rung]! }] : []));
    const best = arrived.sort((a, b) => (a.score === b.score ? a.trial - b.trial : b.score - a.score)); // an infinite difference is no number
    const chosen = best
      .slice(0, Math.floor(arrived.length / reduction))
      .find(({ trial, score }) => trials[trial]!.rung === rung && Number.isFinite(score));
    if (chosen) return { trial: chosen.trial, rung: rung + 1 };
  }
  const fresh = trials.findIndex(({ rung }) => rung === undefined);
  return fresh < 0 ? undefined : { trial: fresh, rung: 0 };
}
