/** What an evaluation measures besides the scores of the ensemble and its members, and which wishes are refused. */
import { SparseError } from '@freetickets/sparse-core';
import type { AttackWishes } from './attack.ts';
import type { CorruptionOptions } from './corruption.ts';
import type { Split } from './document.ts';

export interface EvaluateOptions {
  /** Bootstrap resamples behind every interval; 0, the default: no intervals. */
  readonly bootstrap?: number;
  /** Keys every draw of the evaluation. Default 17. */
  readonly seed?: number;
  /** Temperature scaling. */
  readonly calibrate?: boolean;
  /** Conformal sets that hold the label in this share of the pictures, in (0, 1). */
  readonly conformal?: number;
  /** Temperatures and sets are fitted on this share of the split, in (0, 1), and reported on the rest. Default: on the validation part. */
  readonly heldOut?: number;
  readonly corruptions?: CorruptionOptions;
  /** Sets that the run was not trained on: `NAME` or `NAME:PATH`. */
  readonly ood?: readonly string[];
  /** Every measure of diversity, and the tables of all pairs. */
  readonly diversity?: boolean;
  /** Pictures that are changed against the members. */
  readonly attack?: AttackWishes;
  /** Loss and error between every two tickets. */
  readonly interpolate?: boolean;
  /** Training pictures, drawn at random: neighbours of `ood`, and what `interpolate` takes its training loss and batch-norm statistics from. Default 2000. */
  readonly trainSamples?: number;
  /** t-SNE of what the run kept of its predictions. */
  readonly trajectory?: boolean;
}

/** @throws SparseError INVALID_CONFIG naming the option */
export function checkOptions(split: Split, options: EvaluateOptions): void {
  const { bootstrap = 0, calibrate = false, conformal, heldOut, corruptions, ood = [] } = options;
  const refuse = (at: string, expected: string, received: unknown, hint?: string) => {
    throw new SparseError('INVALID_CONFIG', at, expected, received, hint);
  };
  if (!Number.isSafeInteger(bootstrap) || bootstrap < 0) refuse('--bootstrap', 'a whole number of at least 0', bootstrap);
  checkShare('--conformal', conformal);
  checkShare('--held-out', heldOut);
  const fits = calibrate || conformal !== undefined;
  if (heldOut !== undefined && !fits) refuse('--held-out', '--calibrate or --conformal beside it', new Error('neither'));
  if (fits && heldOut === undefined && split === 'valid')
    refuse('--split', 'other pictures than temperatures and sets are fitted on', 'valid', 'Fit on a share of them with --held-out');
  if (corruptions && split !== 'test') refuse('--split', 'test, whose pictures are corrupted', split);
  const wrong = corruptions?.severities?.find((severity) => ![1, 2, 3, 4, 5].includes(severity));
  if (wrong !== undefined) refuse('--severity', 'a whole number from 1 to 5', wrong);
  const repeated = ood.find((word, index) => ood.indexOf(word) !== index);
  if (repeated !== undefined) refuse('--ood', 'each set once', repeated);
  const { trainSamples, interpolate = false, attack } = options;
  if (trainSamples !== undefined && !(Number.isSafeInteger(trainSamples) && trainSamples >= 2))
    refuse('--train-samples', 'a whole number of at least 2', trainSamples);
  if (trainSamples !== undefined && ood.length === 0 && !interpolate)
    refuse('--train-samples', '--ood or --interpolate beside it, which need training pictures', new Error('neither'));
  if (attack) checkAttack(attack);
}

function checkAttack({ kinds, epsilon, steps, samples }: AttackWishes): void {
  const refuse = (at: string, expected: string, received: unknown) => {
    throw new SparseError('INVALID_CONFIG', at, expected, received);
  };
  if (kinds.length === 0 || new Set(kinds).size < kinds.length) refuse('--attack', 'fgsm, pgd, or both', kinds);
  if (epsilon !== undefined && !(epsilon > 0 && epsilon <= 1))
    refuse('--epsilon', 'a number above 0 and at most 1, because pixels lie in [0, 1]', epsilon);
  if (steps !== undefined && !kinds.includes('pgd')) refuse('--steps', '--attack pgd beside it, because fgsm takes one step', kinds);
  for (const [at, count] of [
    ['--steps', steps],
    ['--attack-samples', samples],
  ] as const)
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 1)) refuse(at, 'a whole number of at least 1', count);
}

function checkShare(at: string, share: number | undefined): void {
  if (share === undefined || (share > 0 && share < 1)) return;
  throw new SparseError('INVALID_CONFIG', at, 'a number above 0 and below 1', share);
}
