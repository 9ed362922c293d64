/** What is kept of a suite: a JSON file with everything, and its table in docs/performance.md. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from './contest.ts';
import type { MachineDescription } from './description.ts';
import type { Limits } from './limits.ts';
import { markdownTable, replaceSection } from './markdown.ts';
import type { Versions } from './side.ts';
import type { Outcome, Settings } from './suite.ts';

export interface Result extends Outcome {
  readonly suite: string;
  /** ISO 8601. */
  readonly date: string;
  readonly settings: Omit<Settings, 'data'>;
  readonly machine: MachineDescription;
  readonly limits: Limits | undefined;
  /** Of everything that took part. */
  readonly versions: Versions;
}

/** Ours and those that the measurements of all cases name. */
export function versionsOf(cases: readonly object[], { freetickets, node }: MachineDescription): Versions {
  const measurements = cases.flatMap((one) => ('measurements' in one ? (one.measurements as readonly Measurement[]) : []));
  return Object.assign({ freetickets, node }, ...measurements.map(({ versions }) => versions));
}

/** Line breaks and indentation keep differences between two runs readable. */
export function writeResult(result: Result, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.suite}.json`);
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
  return path;
}

/** The cases that `writeResult` has left, if any. */
export function earlierCases(suite: string, folder: string): readonly object[] {
  const path = join(folder, `${suite}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result).cases : [];
}

/** Table, what has to be known about it, and when and how it came about. */
export function sectionOf({ table, notes, settings, date, machine, versions }: Result): string {
  const { rounds, leastMs } = settings.pace;
  const turns = settings.quick ? 'a quick run (one round: expect noise)' : `best of ${rounds} rounds of at least ${leastMs} ms`;
  const parties = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const made = [date.slice(0, 10), machine.processor, `${settings.threads} threads`, `seed ${settings.seed}`, turns, ...parties].join(', ');
  const list = notes.map((note) => `- ${note}`).join('\n');
  return [markdownTable(table), list, `Made: ${made}.`].filter((part) => part !== '').join('\n\n');
}

export function updateDocument(path: string, result: Result): void {
  writeFileSync(path, replaceSection(readFileSync(path, 'utf8'), result.suite, sectionOf(result)));
}
