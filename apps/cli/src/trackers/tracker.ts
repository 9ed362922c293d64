/** Where the course of a run is told besides its folder, as options of `train` ask for it: opened when the run begins, and never its end. */
import { basename, resolve } from 'node:path';
import type { Reporter, RunStart } from '@freetickets/report';
import type { RunCheckpoint } from '../checkpoint-store.ts';
import { explain } from '../exit.ts';
import type { RunFolder } from '../run-folder.ts';
import { configurationOf, provenanceOf } from '../run-provenance.ts';
import type { RunRecord } from '../run-record.ts';
import type { Talk } from '../talk.ts';

export interface Tracker {
  /**
   * Before anything is loaded or written, of a new run only.
   * @throws SparseError when the tracker cannot take a run of this folder
   */
  check?(run: string): Promise<void>;
  /** @throws SparseError before the first step, when there is no place to write to */
  open(folder: RunFolder, start: RunStart, talk: Talk): Promise<Reporter>;
}

/** As trackers list it. */
export const runName = (path: string): string => basename(resolve(path));

export const now = (): number => Date.now() / 1000;

/** @param checkpoint from which the run goes on; null: from its beginning; undefined: it is a new one */
export const startOf = (
  path: string,
  record: RunRecord,
  members: number,
  checkpoint: RunCheckpoint | null | undefined,
  time = now(),
): RunStart => ({
  name: runName(path),
  configuration: configurationOf(record),
  provenance: provenanceOf(record),
  members,
  ...(checkpoint !== undefined && { resumed: { member: checkpoint?.member ?? 0, step: checkpoint?.state.step ?? 0 } }),
  time,
});

/** All as one. What one of them throws is said once, and the others and the run go on without it. */
export async function openTrackers(trackers: readonly Tracker[], folder: RunFolder, start: RunStart, talk: Talk): Promise<Reporter> {
  const reporters = new Set<Reporter>();
  for (const tracker of trackers) reporters.add(await tracker.open(folder, start, talk));
  const each = async (act: (reporter: Reporter) => Promise<void>) => {
    for (const reporter of reporters) {
      await act(reporter).catch((error: unknown) => {
        reporters.delete(reporter);
        talk.say(`warning: ${explain(error).replace(/^error: /, '')}; the run goes on without telling it there`);
      });
    }
  };
  return {
    take: (event, time) => each((reporter) => reporter.take(event, time)),
    end: (how, time) => each((reporter) => reporter.end(how, time)),
  };
}
