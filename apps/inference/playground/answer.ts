/** What a model said about one picture, wherever it was computed. */
export interface Answer {
  /** Of the ensemble, (classes). */
  readonly probabilities: ArrayLike<number>;
  /** Of each member. */
  readonly members: readonly ArrayLike<number>[];
  /** By the names of measures.ts; one number each. */
  readonly numbers: Readonly<Record<string, number>>;
  /** 1 for classes in the conformal set; absent without a calibration. */
  readonly set?: ArrayLike<number>;
  readonly milliseconds: number;
  /** What computed it, for people. */
  readonly where: string;
}

/** A model as the page's server lists it. */
export interface Model {
  readonly name: string;
  readonly version: string;
  /** (channels, height, width) */
  readonly shape: readonly [number, number, number];
  readonly input: string;
  /** Names in label order. */
  readonly classes: readonly string[];
  /** What may be asked for. */
  readonly outputs: readonly string[];
}

/** Outputs of one number for each picture. */
export const NUMBERS = [
  'predictive_entropy',
  'aleatoric_entropy',
  'mutual_information',
  'disagreement',
  'ood_score',
  'ood',
  'abstain',
] as const;
