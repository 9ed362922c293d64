/** The report of runs as they are now, made anew only when one of their files has changed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '@freetickets/report';
import { SparseError } from '@freetickets/sparse-core';
import { reportOf } from '../commands/report.ts';
import { stampOf } from '../run-tickets.ts';
import { manifestPath, readManifest } from '../sweep/manifest.ts';

const FILES = ['run.json', 'events.jsonl', 'results.json', 'tickets'];

export class LiveReport {
  readonly #paths: readonly string[];
  readonly #title: string | undefined;
  #made: { readonly stamp: string; readonly report: Promise<Report> } | undefined;

  /** @param paths run folders, and folders of sweeps, which stand for all runs that have begun */
  constructor(paths: readonly string[], title?: string) {
    this.#paths = paths;
    this.#title = title;
  }

  /** @throws SparseError MISSING_FILE when no run has begun, or whatever reading the runs throws */
  async report(): Promise<Report> {
    const runs = await runsIn(this.#paths);
    const stamp = runs.flatMap((run) => [run, ...FILES.map((name) => stampOf(join(run, name)))]).join(' ');
    if (this.#made?.stamp !== stamp) this.#made = { stamp, report: reportOf(runs, this.#title) };
    const { report } = this.#made!;
    report.catch(() => {
      if (this.#made?.report === report) this.#made = undefined; // it may be better the next time
    });
    return report;
  }
}

/** Runs that have begun. */
export async function runsIn(paths: readonly string[]): Promise<string[]> {
  const runs: string[] = [];
  for (const path of paths) {
    if (!existsSync(manifestPath(path))) runs.push(path.replace(/(?<=.)\/+$/, ''));
    else runs.push(...(await readManifest(manifestPath(path))).runs.map(({ name }) => join(path, name)).filter(hasBegun));
  }
  if (runs.length > 0) return runs;
  throw new SparseError('MISSING_FILE', paths.join(', '), 'a run that has begun', new Error('none'), 'Go on with freetickets sweep');
}

const hasBegun = (run: string): boolean => existsSync(join(run, 'run.json'));
