/** The `sweep` block of an experiment file: how its lists and ranges are searched. The schema is the truth and the types come from it. */
import { nearest, SparseError } from '@freetickets/sparse-core';
import { z } from 'zod';
import { FIELD_NAMES, FIELDS, type FieldName } from '../experiment-fields.ts';
import { METRICS } from '../run-epochs.ts';

export const SEARCHES = ['grid', 'random', 'asha'] as const;
export type Search = (typeof SEARCHES)[number];

const KINDS = ['uniform', 'log-uniform', 'integers'] as const;

const RANGE = z
  .strictObject({ kind: z.enum(KINDS), from: z.number(), to: z.number() })
  .describe('drawn values, ends included; of all but integers four digits are kept');
export type Range = z.output<typeof RANGE>;

const SWEEP_BLOCK = z.strictObject({
  search: z.enum(SEARCHES).optional().describe('grid: every combination; random: some of them; asha: some, and the worse ones stop early'),
  trials: z.int().min(1).optional().describe('combinations to draw (random, asha); default: 20'),
  seed: z.int().min(0).optional().describe('keys the draws of random and asha; default: 17'),
  cases: z
    .array(z.record(z.string(), z.unknown()))
    .min(1)
    .optional()
    .describe('fields that go together; every case meets every combination of the lists'),
  ranges: z.record(z.string(), RANGE).optional().describe('fields to draw numbers for (random, asha)'),
  metric: z.enum(METRICS).optional().describe('by which trials are ranked; default: validAccuracy'),
  direction: z.enum(['maximize', 'minimize']).optional().describe('default: maximize an accuracy, minimize a loss'),
  reduction: z.int().min(2).optional().describe('one trial in so many goes on from a rung (asha); default: 3'),
  rungs: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe('epochs of a run after which trials are compared (asha); default: a ninth and a third of those of the shortest'),
});
export type SweepBlock = z.output<typeof SWEEP_BLOCK>;

/** The published schema of experiment files that a sweep takes. */
export function sweepSchema(): object {
  const keys = FIELD_NAMES.map((name) => {
    const { schema, help } = FIELDS[name];
    return [
      name,
      z
        .union([schema, z.array(schema).min(1)])
        .optional()
        .describe(`${help}; a list is searched`),
    ] as const;
  });
  const schema = z.strictObject({ $schema: z.string().optional(), sweep: SWEEP_BLOCK.optional(), ...Object.fromEntries(keys) });
  return { ...z.toJSONSchema(schema, { io: 'input' }), title: 'FreeTickets sweep' };
}

/** @throws SparseError INVALID_CONFIG naming the file and the key */
export function parseSweepBlock(file: string, value: unknown): SweepBlock {
  const parsed = SWEEP_BLOCK.safeParse(value ?? {}, { reportInput: true });
  if (parsed.success) {
    for (const [name, range] of Object.entries(parsed.data.ranges ?? {})) checkRange(`${file}: sweep.ranges.${name}`, name, range);
    checkRungs(`${file}: sweep.rungs`, parsed.data.rungs ?? []);
    return parsed.data;
  }
  const { path, message, input } = parsed.error.issues[0]!;
  const known = path.length === 0 ? `keys among ${Object.keys(SWEEP_BLOCK.shape).join(', ')}` : 'another value';
  throw new SparseError('INVALID_CONFIG', `${file}: ${['sweep', ...path].join('.')}`, known, input, message);
}

function checkRange(at: string, name: string, range: Range): void {
  const refuse = (expected: string, received: unknown, hint?: string) => {
    throw new SparseError('INVALID_CONFIG', at, expected, received, hint);
  };
  if (name === 'seed') refuse('another field', name, 'Seeds are listed, so that every trial has the same ones');
  if (!Object.hasOwn(FIELDS, name)) {
    const near = nearest(name, FIELD_NAMES);
    refuse('a known field', name, near && `Did you mean ${near}?`);
  }
  const { kind, from, to } = range;
  if (!(from < to)) refuse('"from" below "to"', range);
  if (kind === 'log-uniform' && from <= 0) refuse('"from" above 0, because it is drawn on a logarithmic scale', from);
  if (kind === 'integers' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) refuse('whole numbers', range);
  const { schema, expected } = FIELDS[name as FieldName];
  for (const end of [from, to]) if (!schema.safeParse(end).success) refuse(expected, end);
}

function checkRungs(at: string, rungs: readonly number[]): void {
  const disorder = rungs.some((epochs, index) => index > 0 && epochs <= rungs[index - 1]!);
  if (disorder) throw new SparseError('INVALID_CONFIG', at, 'epochs in rising order', rungs);
}
