/** `sweep.json`: what runs a sweep consists of and how far each has come. It is written anew, whole, whenever one of them has come further. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain, writeFileAtomic } from '@freetickets/sparse-core/node';
import { z } from 'zod';
import { CIRCUMSTANCES, FIELD_NAMES, type FieldName } from '../experiment-fields.ts';
import { jsonIn } from '../json-in.ts';
import { METRICS } from '../run-epochs.ts';
import type { Definition, PlannedRun } from './definition.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';
import { SEARCHES } from './sweep-block.ts';

const count = z.int().min(0);

const MANIFEST = z.strictObject({
  format: z.literal('freetickets.sweep'),
  version: z.literal(1),
  judging: z.strictObject({
    search: z.enum(SEARCHES),
    metric: z.enum(METRICS),
    direction: z.enum(['maximize', 'minimize']),
    reduction: count,
    rungs: z.array(count),
  }),
  seeds: z.array(count),
  runs: z.array(
    z.strictObject({
      name: z.string(),
      trial: count,
      values: z.record(z.string(), z.unknown()),
      seed: count,
      experiment: z.record(z.string(), z.unknown()),
      status: z.enum(['waiting', 'begun', 'finished', 'failed']),
      until: count.nullable().optional(),
      reports: z.record(z.string(), z.number()),
      value: z.number().optional(),
      epochs: count,
      seconds: z.number().min(0),
      error: z.string().optional(),
    }),
  ),
});
export type Manifest = z.output<typeof MANIFEST>;

export const manifestPath = (folder: string): string => join(folder, 'sweep.json');

/** @throws SparseError BAD_FILE naming the key of a file that is no manifest; MISSING_FILE */
export async function readManifest(path: string): Promise<Manifest> {
  const text = new TextDecoder().decode(await readFileOrExplain(path, 'the manifest of a sweep'));
  const parsed = MANIFEST.safeParse(jsonIn(path, text), { reportInput: true });
  if (parsed.success) return parsed.data;
  const { path: keys, input, message } = parsed.error.issues[0]!;
  const place = [path, keys.join('.')].filter(Boolean).join(': ');
  throw new SparseError('BAD_FILE', place, 'what freetickets sweep wrote', input, message);
}

/**
 * How far the runs have come, by name.
 * @throws SparseError INVALID_CONFIG when the folder is of another sweep, naming what differs
 */
export async function progressIn(folder: string, definition: Definition): Promise<Map<string, Progress>> {
  const path = manifestPath(folder);
  if (!existsSync(path)) return new Map();
  const { runs, ...rest } = await readManifest(path);
  for (const key of ['judging', 'seeds'] as const)
    if (!isSame(rest[key], definition[key])) throw otherSweep(`${path}: ${key}`, rest[key], definition[key]);
  const [before, now] = [runs, definition.runs].map((list) => list.map(({ name }) => name)) as [string[], string[]];
  if (!isSame(before, now)) throw otherSweep(`${path}: runs`, new Error(counted(before)), new Error(counted(now)));
  runs.forEach((run, index) => {
    const planned = definition.runs[index]!;
    const now: Readonly<Record<string, unknown>> = planned.experiment;
    const field = decidingFields.find((name) => !isSame(run.experiment[name], now[name]));
    if (field) throw otherSweep(`${path}: ${run.name}: ${field}`, run.experiment[field], now[field]);
  });
  return new Map(
    runs.map(({ name, status, until, reports, value, epochs, seconds, error }) => [
      name,
      { status, until, reports, value, epochs, seconds, error },
    ]),
  );
}

const otherSweep = (at: string, before: unknown, now: unknown) => {
  const text = (value: unknown) => (value instanceof Error ? value.message : (JSON.stringify(value) ?? 'nothing'));
  const received = new Error(text(now));
  return new SparseError('INVALID_CONFIG', at, `the sweep that the folder holds, ${text(before)}`, received, 'Choose another --to');
};

const counted = (names: readonly string[]): string => `${names.length} runs from ${names[0]} to ${names.at(-1)}`;

/** As JSON has it, in which a value that is not set is not there. */
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const decidingFields = FIELD_NAMES.filter((name) => !(CIRCUMSTANCES as readonly FieldName[]).includes(name));

export async function writeManifest(
  folder: string,
  { judging, seeds, runs }: Definition,
  progress: ReadonlyMap<string, Progress>,
): Promise<void> {
  const rows = runs.map((run: PlannedRun) => ({ ...run, ...(progress.get(run.name) ?? NO_PROGRESS) }));
  const manifest = { format: 'freetickets.sweep', version: 1, judging, seeds, runs: rows };
  await writeFileAtomic(manifestPath(folder), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Writes down of runs that they have been trained somewhere else.
 * @param progressOf by name; undefined: nothing new
 * @throws SparseError as `readManifest` and `writeFileAtomic`
 */
export async function noteFinished(folder: string, progressOf: (name: string) => Partial<Progress> | undefined): Promise<void> {
  const path = manifestPath(folder);
  const manifest = await readManifest(path);
  const runs = manifest.runs.map((run) => ({ ...run, ...progressOf(run.name) }));
  await writeFileAtomic(path, `${JSON.stringify({ ...manifest, runs }, null, 2)}\n`);
}
