/** What every suite is: a function from settings to cases (for the JSON file) and a table (for docs/performance.md). */
import type { Measurement, Pace } from './contest.ts';
import type { Limits } from './limits.ts';
import type { Table } from './markdown.ts';
import type { Sides } from './side.ts';

export interface Settings {
  /** One short round, to see that everything runs. */
  readonly quick: boolean;
  readonly pace: Pace;
  readonly threads: number;
  /** Of our side, as `freetickets bench --engine` takes it. */
  readonly engine: string;
  readonly seed: number;
  /** Pictures of each class that edst trains on, at most. */
  readonly limitPerClass?: number;
  /** CIFAR-10 as an image folder or an archive of one. */
  readonly data: string;
  /** Only cases whose name contains this. */
  readonly only: string;
}

export interface Context {
  readonly settings: Settings;
  readonly sides: Sides;
  /** Cases that earlier results have, where only some are asked for: a suite may keep the others. */
  readonly earlier: readonly object[];
  /** Undefined without a C compiler. */
  readonly limits: Limits | undefined;
  say(line: string): void;
}

/** One comparison; suites add what belongs to theirs. */
export interface Case {
  readonly name: string;
  readonly measurements: readonly Measurement[];
  /** Our time over that of the fastest peer. */
  readonly ratio?: number | undefined;
  /** What the ratio is meant to be at most. */
  readonly goal?: number | undefined;
}

export interface Outcome {
  readonly cases: readonly object[];
  readonly table: Table;
  /** For below the table. */
  readonly notes: readonly string[];
}

export interface Suite {
  readonly name: string;
  /** One line for the help. */
  readonly about: string;
  run(context: Context): Promise<Outcome>;
}

/** One sentence for each side that gave no times. The same failure in many cases is said once. */
export function failures(cases: readonly Case[]): string[] {
  const found = new Map<string, string[]>();
  for (const { name, measurements } of cases)
    for (const one of measurements)
      if (one.failed !== undefined) {
        const sentence = `${one.name}: ${one.failed}`;
        found.set(sentence, [...(found.get(sentence) ?? []), name]);
      }
  return [...found].map(([sentence, names]) => `No times for ${names.join(', ')} from ${sentence}`);
}

/** Those of the cases whose names were asked for. */
export const asked = <C extends { readonly name: string }>(cases: readonly C[], { only }: Settings): C[] =>
  cases.filter(({ name }) => name.includes(only));
