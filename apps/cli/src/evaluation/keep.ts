/** `results.json`: what was measured of a run's tickets, in one call of `evaluate` or in several. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RunFolder } from '../run-folder.ts';
import { EVALUATION, type Evaluation } from './document.ts';

/** SHA-256 of the first `count` ticket files, by which measurements of other tickets are told apart. */
export async function ticketHashes(folder: RunFolder, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, index) => folder.ticketPath(index));
  return Promise.all(
    paths.map(async (path) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ),
  );
}

/** Writes what was measured now over what was measured before, as long as that was about the same tickets and pictures. */
export async function keepResults(folder: RunFolder, evaluation: Evaluation): Promise<void> {
  const parsed = EVALUATION.safeParse(await folder.results());
  const earlier = parsed.success && isOfTheSame(parsed.data, evaluation) ? parsed.data : undefined;
  await folder.writeJson('results.json', earlier ? merged(earlier, evaluation) : evaluation);
}

const isOfTheSame = (a: Evaluation, b: Evaluation): boolean =>
  a.data === b.data && a.split === b.split && String(a.tickets) === String(b.tickets);

/** Intervals, which a call may leave out, stay with the figures that they are about; sets of OOD pictures and attacks are kept by name. */
function merged(earlier: Evaluation, now: Evaluation): Evaluation {
  const ood = renewed(earlier.ood, now.ood, ({ name }) => name);
  const attacks = renewed(earlier.attacks, now.attacks, ({ kind }) => kind);
  const keepsIntervals = now.bootstrap === undefined && earlier.bootstrap !== undefined;
  return {
    ...earlier,
    ...now,
    ...(keepsIntervals && { ensemble: earlier.ensemble, members: earlier.members }),
    diversity: { ...earlier.diversity, ...now.diversity },
    ...(ood.length > 0 && { ood }),
    ...(attacks.length > 0 && { attacks }),
  };
}

const renewed = <Part>(earlier: readonly Part[] = [], now: readonly Part[] = [], nameOf: (part: Part) => string): Part[] => [
  ...earlier.filter((part) => !now.some((newer) => nameOf(newer) === nameOf(part))),
  ...now,
];
