// What was fitted on validation data when a model was exported, and travels in its file (metadata property `freetickets.calibration`):
// the temperature, conformal thresholds, the OOD threshold, the stopping rule, and how the validation data looked. Plain JSON.

import type { ConformalMethod, ConformalPredictor, TemperatureScaling } from '@freetickets/metrics';
import { SparseError } from '@freetickets/sparse-core';
import { type References, WATCHED } from './drift.ts';
import type { FittedStopping } from './stopping-rule.ts';

/** Of the ensemble's probabilities; larger means less like the training data. */
export const OOD_SCORES = ['entropy', 'max_probability', 'mutual_information', 'variation_ratio'] as const;
export type OodScore = (typeof OOD_SCORES)[number];

export const CONFORMAL_METHODS = ['thr', 'aps', 'raps'] as const satisfies readonly ConformalMethod[];

export interface ConformalTable {
  /** Rising. */
  readonly alphas: readonly number[];
  /** For each alpha; null where there were too few samples for it, so that sets hold every class. */
  readonly thresholds: Readonly<Record<ConformalMethod, readonly (number | null)[]>>;
  /** Of RAPS. Nothing is drawn at random: equal requests get equal sets, which are a little larger for it. */
  readonly penalty: number;
  readonly freeRanks: number;
}

export interface OodThreshold {
  readonly score: OodScore;
  /** The share of the validation data that lies above it. */
  readonly falsePositiveRate: number;
  readonly threshold: number;
}

export interface ServingCalibration {
  readonly version: 1;
  /** Validation samples that all of this was fitted on. */
  readonly samples: number;
  readonly temperature: TemperatureScaling;
  readonly conformal: ConformalTable;
  readonly ood: OodThreshold;
  /** Null for a single member. */
  readonly stopping: FittedStopping | null;
  readonly reference: References;
}

/**
 * The predictor for a level that may stand between two of the table: that of the next smaller one, whose sets are larger.
 * @throws SparseError INVALID_ARGUMENT for a smaller alpha than the table has
 */
export function predictorFor(table: ConformalTable, method: ConformalMethod, alpha: number): ConformalPredictor {
  const index = table.alphas.findLastIndex((known) => known <= alpha);
  if (index < 0) throw new SparseError('INVALID_ARGUMENT', 'parameters.alpha', `a number of at least ${table.alphas[0]}`, alpha);
  const { penalty, freeRanks } = table;
  const threshold = table.thresholds[method][index] ?? Number.POSITIVE_INFINITY;
  return { method, penalty, freeRanks, randomized: false, seed: 0, alpha: table.alphas[index]!, threshold };
}

type Check = readonly [path: string, expected: string, holds: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const numbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);
const rising = (value: unknown): boolean => numbers(value) && value.every((each, k) => k === 0 || each > value[k - 1]!);
const isShare = (value: unknown): boolean => isNumber(value) && value >= 0 && value <= 1;

const CHECKS: readonly Check[] = [
  ['version', '1 (a newer version of FreeTickets may have written this file)', (value) => value === 1],
  ['samples', 'a number', isNumber],
  ['temperature.order', 'members-first or pool-first', (value) => value === 'members-first' || value === 'pool-first'],
  ['temperature.temperatures', 'positive numbers', (value) => numbers(value) && value.length > 0 && value.every((each) => each > 0)],
  ['conformal.alphas', 'rising numbers', rising],
  ['conformal.penalty', 'a number', isNumber],
  ['conformal.freeRanks', 'a whole number', Number.isInteger],
  ...CONFORMAL_METHODS.map(
    (method): Check => [
      `conformal.thresholds.${method}`,
      'numbers or null',
      (value) => Array.isArray(value) && value.every((each) => each === null || isNumber(each)),
    ],
  ),
  ['ood.score', `one of ${OOD_SCORES.join(', ')}`, (value) => (OOD_SCORES as readonly unknown[]).includes(value)],
  ['ood.threshold', 'a number', isNumber],
  ...WATCHED.flatMap((measure): Check[] => [
    [`reference.${measure}.edges`, 'rising numbers', rising],
    [`reference.${measure}.shares`, 'shares', (value) => Array.isArray(value) && value.every(isShare)],
  ]),
];

/**
 * @param value of the metadata property
 * @param at the file, for messages
 * @throws SparseError BAD_FILE naming the part that is missing or wrong
 */
export function parseCalibration(value: unknown, at: string): ServingCalibration {
  const partOf = (path: string) =>
    path.split('.').reduce<unknown>((part, key) => {
      return typeof part === 'object' && part !== null && Object.hasOwn(part, key) ? (part as Record<string, unknown>)[key] : undefined;
    }, value);
  const check = (path: string, expected: string, holds: (part: unknown) => boolean) => {
    const part = partOf(path);
    if (!holds(part)) throw new SparseError('BAD_FILE', `${at}: freetickets.calibration.${path}`, expected, part);
  };
  for (const [path, expected, holds] of CHECKS) check(path, expected, holds);
  if (partOf('stopping') !== null) check('stopping.lead', 'a number from 0 to 1, or no stopping rule (null)', isShare);
  const calibration = value as ServingCalibration;
  for (const measure of WATCHED) {
    const bins = calibration.reference[measure].edges.length + 1;
    check(`reference.${measure}.shares`, `${bins} shares`, (shares) => (shares as unknown[]).length === bins);
  }
  return calibration;
}
