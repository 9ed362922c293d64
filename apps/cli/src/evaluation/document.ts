/**
 * What `evaluate` finds, as one JSON document: printed with `--json`, kept as `results.json` beside the run, read by whoever compares runs.
 * The schema is the truth and the types come from it. null stands where a figure does not exist, such as Q when no member is ever wrong.
 */
import { SparseError } from '@freetickets/sparse-core';
import { z } from 'zod';

export const SPLITS = ['test', 'valid', 'train'] as const;
export type Split = (typeof SPLITS)[number];

export const MEASURES = [
  'accuracy',
  'top5',
  'nll',
  'brier',
  'ece',
  'aurc',
  'eceEqualMass',
  'eceClasswise',
  'eceDebiased',
  'eceFreetickets',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Of every bootstrap interval. */
export const LEVEL = 0.95;

const figure = z.number().nullable();
const count = z.int().min(0);
const ends = z.strictObject({ low: figure, high: figure });

const SCORES = z.strictObject({
  accuracy: z.number(),
  top5: z.number().optional().describe('of more than five classes'),
  nll: z.number().describe('nats'),
  brier: z.number(),
  ece: z.number().describe('15 bins of equal width'),
  aurc: z.number().describe('area under the risk-coverage curve'),
  eceEqualMass: z.number(),
  eceClasswise: z.number(),
  eceDebiased: z.number(),
  eceFreetickets: z.number().describe('14 bins, as the published code has it'),
  intervals: z.partialRecord(z.enum(MEASURES), ends).optional().describe('by bootstrap; none for eceClasswise and eceDebiased'),
});
export type Scores = z.output<typeof SCORES>;

const pairs = z.array(z.array(figure)).describe('member by member');

const DIVERSITY = z.strictObject({
  disagreement: figure.describe('mean over pairs of members; null of a single member, as all here'),
  kl: figure.describe('nats'),
  js: figure.optional(),
  qStatistic: figure.optional(),
  kappa: figure.optional(),
  topologyOverlap: figure.optional().describe('intersection over union of live positions; null of dense members'),
  weightCosine: figure.optional(),
  pairs: z
    .strictObject({
      disagreement: pairs,
      kl: pairs.describe('row i, column j: KL(p_j || p_i)'),
      js: pairs,
      qStatistic: pairs,
      kappa: pairs,
      topologyOverlap: pairs,
      weightCosine: pairs,
    })
    .optional(),
  exploration: z.array(z.number()).optional().describe('R_s at the end of each training, where weights were rewired'),
});
export type Diversity = z.output<typeof DIVERSITY>;

const HELD_OUT = z.strictObject({
  split: z.enum(SPLITS),
  fraction: z.number().nullable().describe('of the split that was fitted on; null: all of it'),
  fitted: count.describe('pictures fitted on'),
  reported: count.describe('other pictures, which the figures are about'),
});
export type HeldOut = z.output<typeof HELD_OUT>;

const scaled = z.strictObject({ temperatures: z.array(z.number()), scores: SCORES });

const CALIBRATION = z.strictObject({
  heldOut: HELD_OUT,
  uncalibrated: SCORES,
  membersFirst: scaled.describe('a temperature for each member, then the mean'),
  poolFirst: scaled.describe('the mean, then one temperature'),
  members: z.array(SCORES).describe('each alone, at its temperature of membersFirst'),
});
export type Calibration = z.output<typeof CALIBRATION>;

const sets = z.strictObject({
  threshold: z.number().nullable().describe('null: no threshold, every class is in every set'),
  coverage: z.number(),
  meanSize: z.number(),
  emptyShare: z.number(),
});

const CONFORMAL = z.strictObject({
  heldOut: HELD_OUT,
  level: z.number().describe('coverage asked for'),
  seed: count,
  thr: sets,
  aps: sets,
  raps: sets,
});
export type Conformal = z.output<typeof CONFORMAL>;

const cellScores = z.strictObject({
  accuracy: z.number(),
  nll: z.number(),
  brier: z.number(),
  ece: z.number(),
  eceFreetickets: z.number(),
});
export type CellScores = z.output<typeof cellScores>;

const sums = z.strictObject({ cells: count, pooled: cellScores, cellMean: cellScores });
const summary = z.strictObject({ all: sums, of15: sums.optional(), of19: sums.optional() });
export type CorruptionFigures = z.output<typeof summary>;

const CORRUPTIONS = z.strictObject({
  from: z.enum(['generated', 'files']),
  seed: count.nullable().describe('of what was generated'),
  samples: count.describe('in each cell'),
  ensemble: summary,
  members: z.array(summary),
  cells: z.array(cellScores.extend({ corruption: z.string(), severity: z.int().min(1).max(5) })).describe('of the ensemble'),
});
export type Corruptions = z.output<typeof CORRUPTIONS>;

const DETECTION = z.strictObject({
  auroc: z.number(),
  auprOut: z.number(),
  auprIn: z.number(),
  fpr95Out: z.number(),
  fpr95In: z.number(),
  interval: ends.optional().describe('of auroc, by bootstrap'),
});
export type DetectionFigures = z.output<typeof DETECTION>;

export const OOD_SCORES = ['maxProbability', 'entropy', 'energy', 'maxLogit', 'mutualInformation', 'variationRatio'] as const;
export type OodScore = (typeof OOD_SCORES)[number];

const OOD = z.strictObject({
  name: z.string(),
  samples: count,
  ensemble: z.partialRecord(z.enum(OOD_SCORES), DETECTION),
  members: z.array(DETECTION).describe('by 1 - max probability'),
});
export type Ood = z.output<typeof OOD>;

export const EVALUATION = z.strictObject({
  format: z.literal('freetickets.evaluation'),
  version: z.literal(1),
  tickets: z.array(z.string()).describe('SHA-256 of the files that were measured'),
  data: z.string().describe('SHA-256 of the data set'),
  split: z.enum(SPLITS),
  samples: count,
  ensemble: SCORES,
  members: z.array(SCORES),
  diversity: DIVERSITY,
  bootstrap: z.strictObject({ resamples: count, level: z.number(), seed: count }).optional(),
  calibration: CALIBRATION.optional(),
  conformal: CONFORMAL.optional(),
  corruptions: CORRUPTIONS.optional(),
  ood: z.array(OOD).optional(),
});
export type Evaluation = z.output<typeof EVALUATION>;

/** The schema of the document, for whoever reads it. */
export const evaluationSchema = (): object => ({ ...z.toJSONSchema(EVALUATION), title: 'FreeTickets evaluation' });

/** @throws SparseError BAD_FILE naming the field of a document from `at` that is not one */
export function parseEvaluation(at: string, value: unknown): Evaluation {
  const parsed = EVALUATION.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { path, message, input } = parsed.error.issues[0]!;
  const place = [at, path.join('.')].filter(Boolean).join(': ');
  const hint = `freetickets evaluate writes it anew (${message})`;
  throw new SparseError('BAD_FILE', place, 'what freetickets evaluate wrote', input, hint);
}

/** A figure as JSON can hold it. */
export const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
