/**
 * One task of a scheduler: one member of a run, from wherever it stands, in a folder of its own. The same task may be started any number of
 * times, at once too: whoever holds the member's lease trains it, and a finished one is left as it is.
 */

import { SparseError } from '@freetickets/sparse-core';
import { makeFolder } from '@freetickets/sparse-core/node';
import { goOn } from '../commands/train.ts';
import { EXIT, explain, taskExitCodeOf } from '../exit.ts';
import type { Flags } from '../experiment-fields.ts';
import { plansOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { isAtEnd, newestCheckpoint, type SavedTicket, type Stop } from '../training.ts';
import { forgetFailure, verifyFinished, writeFailed, writeFinished } from './member-files.ts';
import type { Task } from './tasks.ts';

export interface MemberResult {
  readonly run: string;
  readonly member: number;
  /** False: stopped on request, after a checkpoint. */
  readonly finished: boolean;
  /** Of training, over all tries; absent where the member was finished before. */
  readonly seconds?: number;
  readonly tickets?: readonly SavedTicket[];
}

/**
 * @param flags what may change while a run goes on; see CIRCUMSTANCES
 * @throws SparseError as `resumeRun`; `taskExitCodeOf` says whether it is worth another try
 */
export async function trainMember({ run, member }: Task, talk: Talk, stop: Stop = {}, flags: Flags = {}): Promise<MemberResult> {
  const opened = await RunFolder.open(run, flags);
  const home = opened.folder;
  const folder = home.member(member);
  if ((await isDone(folder)) || (await isWholeRunDone(home, opened.experiment))) {
    talk.say(`member ${member} of ${run} is finished; there is nothing left to train.`);
    return { run, member, finished: true };
  }
  await makeFolder(folder.path);
  await using _lease = await folder.lease();
  await forgetFailure(folder);
  try {
    const { finished, seconds, tickets } = await goOn({ ...opened, home, folder, only: member }, talk, stop, { flags });
    if (finished) await writeFinished(folder, member);
    return { run, member, finished, seconds, tickets };
  } catch (error) {
    const reason = error instanceof SparseError ? error.message : explain(error);
    if (taskExitCodeOf(error) === EXIT.permanent) await writeFailed(folder, reason).catch(() => {}); // the error itself is the news
    throw error;
  }
}

/** A damaged member is not done: it goes on from the last of its files that is whole. */
const isDone = (folder: RunFolder): Promise<boolean> =>
  verifyFinished(folder).then(
    () => true,
    () => false,
  );

/** @throws SparseError INVALID_CONFIG for a run that has begun in one process */
async function isWholeRunDone(home: RunFolder, experiment: Parameters<typeof plansOf>[0]): Promise<boolean> {
  const plans = plansOf(experiment);
  const { checkpoint } = await newestCheckpoint(home, plans);
  if (!checkpoint) return false;
  if (isAtEnd(plans, checkpoint)) return true;
  const begun = new Error('one that has begun in one process');
  const hint = `Go on with: freetickets train --resume ${home.path}`;
  throw new SparseError('INVALID_CONFIG', home.path, 'a run whose members are trained each on its own', begun, hint);
}
