/** From members that were trained each on its own to the run that one process would have made, byte for byte but for the times in its log. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '@freetickets/dst-trainer';
import { SparseError } from '@freetickets/sparse-core';
import type { RunCheckpoint } from '../checkpoint-store.ts';
import { plansOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import { differences, preparedIdentity } from '../run-identity.ts';
import type { RunRecord } from '../run-record.ts';
import type { Talk } from '../talk.ts';
import { isAtEnd, newestCheckpoint, ticketsIn } from '../training.ts';
import { failureOf, saysFinished, verifyFinished } from './member-files.ts';

export interface AssembledRun {
  readonly run: string;
  /** False: members are missing. */
  readonly finished: boolean;
  /** Members that the run has now, by number. */
  readonly members: readonly number[];
  /** Why the others are missing, by number. */
  readonly missing: Readonly<Record<number, string>>;
  readonly tickets: number;
}

export interface AssembleOptions {
  /** Make do with the members that are finished. */
  readonly allowMissing?: boolean;
}

/**
 * Verifies every file of every member, then writes their tickets and events into the run. A checkpoint, which makes the run a finished one, comes
 * last, and only when no member is missing. May be called again, also when more members have been finished.
 * @throws SparseError MISSING_FILE naming the members that are missing, BAD_FILE for one that is of another run
 */
export async function assembleRun(path: string, talk: Talk, { allowMissing = false }: AssembleOptions = {}): Promise<AssembledRun> {
  const { folder: home, experiment, record } = await RunFolder.open(path);
  await using _lease = await home.lease();
  const plans = plansOf(experiment);
  const { checkpoint } = await newestCheckpoint(home, plans);
  if (checkpoint) return assembledBefore(home, plans, checkpoint);
  const missing: Record<number, string> = {};
  const found: Found[] = [];
  for (const member of plans.keys()) {
    const folder = home.member(member);
    try {
      found.push(await lastOf(folder, plans, member, record, talk));
    } catch (error) {
      if (!(error instanceof SparseError)) throw error;
      missing[member] = (await failureOf(folder)) ?? error.message;
    }
  }
  const lacking = Object.keys(missing);
  if (lacking.length > 0) complain(path, plans.length, missing, allowMissing && found.length > 0, talk);
  await home.prepare();
  await home.dropResults();
  const tickets = await copyTickets(home, plans, found);
  const log = await joinLogs(home, found);
  const last = found.at(-1)!;
  if (lacking.length === 0) {
    const { state } = (await newestCheckpoint(last.folder, plans, last.member)).checkpoint!;
    const earlierSeconds = found.slice(0, -1).reduce((sum, { seconds }) => sum + seconds, 0);
    await home.saveCheckpoint(
      { member: last.member, log, earlierSeconds, identity: last.identity, state },
      record.experiment.keepCheckpoints,
    );
  }
  return { run: path, finished: lacking.length === 0, members: found.map(({ member }) => member), missing, tickets };
}

/** @throws SparseError INVALID_CONFIG for a run that has begun in one process and is not finished */
function assembledBefore({ path }: RunFolder, plans: readonly Plan[], checkpoint: RunCheckpoint): AssembledRun {
  if (isAtEnd(plans, checkpoint)) return { run: path, finished: true, members: [...plans.keys()], missing: {}, tickets: ticketsIn(plans) };
  const begun = new Error('one that has begun in one process');
  throw new SparseError('INVALID_CONFIG', path, 'a run whose members are trained each on its own', begun, 'Go on with train --resume');
}

interface Found extends Pick<RunCheckpoint, 'identity' | 'log'> {
  readonly member: number;
  readonly folder: RunFolder;
  readonly seconds: number;
}

/** What is known of a finished member; its weights stay on disk. @throws SparseError when it is not finished, damaged, or of another run */
async function lastOf(folder: RunFolder, plans: readonly Plan[], member: number, record: RunRecord, talk: Talk): Promise<Found> {
  if (!saysFinished(folder)) throw new SparseError('MISSING_FILE', folder.path, 'a finished member', new Error('none yet'));
  await verifyFinished(folder);
  const { checkpoint } = await newestCheckpoint(folder, plans, member);
  if (!checkpoint || !isAtEnd(plans, checkpoint, member))
    throw new SparseError('BAD_FILE', folder.path, 'the last checkpoint of a finished member', new Error('an earlier one, or none'));
  const { identity, log, state } = checkpoint;
  const wanted = preparedIdentity(record);
  const others = differences({ ...wanted, engine: identity.engine ?? '' }, identity);
  if (others.length > 0) throw new SparseError('BAD_FILE', folder.path, 'a member of this run', new Error(`another: ${others.join('; ')}`));
  if (identity.engine !== wanted.engine)
    talk.say(`warning: member ${member} was trained on ${identity.engine}, while the run was made for ${wanted.engine}`);
  return { member, folder, identity, log, seconds: state.elapsedSeconds };
}

function complain(path: string, wanted: number, missing: Readonly<Record<number, string>>, goesOn: boolean, talk: Talk): void {
  const list = Object.entries(missing).map(([member, why]) => `member ${member}: ${why}`);
  if (goesOn) {
    talk.say(`warning: ${path} goes without ${list.length} of its ${wanted} members: ${list.join('; ')}`);
    return;
  }
  const some = new Error(`${wanted - list.length}; ${list.join('; ')}`);
  const hint = `See freetickets status ${path}; --allow-missing makes do with those that there are`;
  throw new SparseError('MISSING_FILE', join(path, 'members'), `${wanted} finished members`, some, hint);
}

/** Numbered as they come, so that whoever reads the run finds as many as there are. @returns how many */
async function copyTickets(home: RunFolder, plans: readonly Plan[], found: readonly Found[]): Promise<number> {
  let count = 0;
  for (const { folder, member } of found) {
    for (let own = 0; own < ticketsIn(plans, member); own++) await home.adopt(folder.ticketPath(own), home.ticketPath(count++));
    for (const name of await readdir(join(folder.path, 'trajectory')).catch(() => []))
      await home.adopt(join(folder.path, 'trajectory', name), join(home.path, 'trajectory', name));
  }
  return count;
}

/** @returns what a checkpoint knows of the log */
async function joinLogs(home: RunFolder, found: readonly Found[]): Promise<RunCheckpoint['log']> {
  const parts = await Promise.all(found.map(async ({ folder, log }) => (await readFile(folder.logPath)).subarray(0, log.bytes)));
  const whole = Buffer.concat(parts);
  await home.writeLog(whole);
  return { bytes: whole.length, hash: createHash('sha256').update(whole).digest('hex') };
}
