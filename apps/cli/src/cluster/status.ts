/** How far the members of a run or a sweep have come, as their folders tell: no scheduler is asked, and nothing is written. */
import type { Plan } from '@freetickets/dst-trainer';
import { epochsOf, plansOf } from '../plans.ts';
import { epochsIn, type RunEpoch } from '../run-epochs.ts';
import { RunFolder } from '../run-folder.ts';
import { leaseHolder } from '../run-lease.ts';
import { isAtEnd, newestCheckpoint } from '../training.ts';
import { failureOf, saysFinished } from './member-files.ts';
import { runsIn } from './tasks.ts';

export interface MemberStatus {
  /** Of the task; see `Task`. */
  readonly index: number;
  readonly run: string;
  readonly member: number;
  readonly state: 'waiting' | 'training' | 'stopped' | 'finished' | 'failed';
  /** Over, of those of its plan: fewer are needed where a phase ends early. */
  readonly epochs: number;
  readonly of: number;
  /** After the last epoch; null before the first. */
  readonly validAccuracy: number | null;
  /** Of training. */
  readonly seconds: number;
  /** Where it is being trained. */
  readonly host?: string;
  /** Why it has failed. */
  readonly reason?: string;
}

export interface ClusterStatus {
  readonly path: string;
  readonly members: readonly MemberStatus[];
  /** Runs that are whole: assembled, or trained in one process. */
  readonly wholeRuns: readonly string[];
  /** Every run is. */
  readonly isWhole: boolean;
}

/** @throws SparseError MISSING_FILE or BAD_FILE when the folder is neither a run's nor a sweep's */
export async function statusOf(path: string): Promise<ClusterStatus> {
  const members: MemberStatus[] = [];
  const wholeRuns: string[] = [];
  const runs = await runsIn(path);
  for (const run of runs) {
    const { folder: home, experiment } = await RunFolder.open(run);
    const plans = plansOf(experiment);
    const { checkpoint } = await newestCheckpoint(home, plans);
    const isWhole = checkpoint !== undefined && isAtEnd(plans, checkpoint);
    if (isWhole) wholeRuns.push(run);
    // Without members of their own there is one log and one lease, and the members come one after the other.
    const common = home.hasMembers() && !isWhole ? undefined : await lookAt(home);
    for (const [member, plan] of plans.entries()) {
      const folder = home.member(member);
      const look = common ? membersOwn(common, member, isWhole) : await lookAt(folder);
      members.push({ index: members.length, run, member, ...describe(look, plan) });
    }
  }
  return { path, members, wholeRuns, isWhole: wholeRuns.length === runs.length };
}

interface Look {
  readonly epochs: readonly RunEpoch[];
  readonly finished: boolean;
  readonly host?: string | undefined;
  readonly reason?: string | undefined;
}

async function lookAt(folder: RunFolder): Promise<Look> {
  const finished = saysFinished(folder);
  const [epochs, holder, reason] = await Promise.all([epochsIn(folder.logPath), leaseHolder(folder.path), failureOf(folder)]);
  return { epochs, finished, host: holder?.host, reason };
}

function membersOwn({ epochs, host }: Look, member: number, isWhole: boolean): Look {
  const own = epochs.filter((epoch) => epoch.member === member);
  const last = epochs.at(-1)?.member ?? 0;
  return { epochs: own, finished: isWhole || member < last, host: member === last ? host : undefined };
}

function describe({ epochs, finished, host, reason }: Look, plan: Plan): Omit<MemberStatus, 'index' | 'run' | 'member'> {
  const { validAccuracy = null, seconds = 0, epochOfRun = 0 } = epochs.at(-1) ?? {};
  const of = epochsOf(plan);
  const figures = { epochs: epochOfRun === 0 ? 0 : ((epochOfRun - 1) % of) + 1, of, validAccuracy, seconds };
  if (finished) return { state: 'finished', ...figures };
  if (host !== undefined) return { state: 'training', ...figures, host };
  if (reason !== undefined) return { state: 'failed', ...figures, reason };
  return { state: epochs.length > 0 ? 'stopped' : 'waiting', ...figures };
}
