/** A learning-rate schedule as an experiment file has it: what `Schedule` of sparse-core is, checked. Times are epochs since the start of the run. */
import type { Schedule } from '@freetickets/sparse-core';
import { z } from 'zod';

const rate = z.number().min(0);
const time = z.number().min(0);
const pair = z.tuple([time, rate]).readonly();

const SHAPES = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['cosine', 'linear', 'cubic']), from: rate, to: rate, begin: z.exactOptional(time), over: time }),
  z.strictObject({ kind: z.literal('exponential'), from: rate, begin: z.exactOptional(time), over: time, power: z.number().gt(0) }),
  z.strictObject({ kind: z.literal('points'), points: z.array(pair).min(1).readonly() }),
  z.strictObject({ kind: z.literal('steps'), start: rate, changes: z.array(pair).readonly() }),
]);

/** A first rate, which the method's own schedule starts from, or a schedule for the whole run. */
export const scheduleField = z.union([z.number().gt(0), SHAPES]) satisfies z.ZodType<Schedule>;
