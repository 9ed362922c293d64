/**
 * A run on disk:
 *
 *     run.json                  the resolved experiment, the network, the data's hash, who ran it
 *     start.safetensors         the ticket that it started from, if it did
 *     events.jsonl              what happened, one JSON object a line
 *     checkpoints/0-170.safetensors ...   the last moments from which the run can go on, by member and step
 *     tickets/ticket-0.safetensors ...
 *     results.json              what `evaluate` measured
 *     mlflow.json               which run it is on an MLflow server, if it is
 *     lease-....json            who trains here at the moment
 *     members/0 ...             where members are trained each on its own (`train-member`): lease, events, checkpoints and tickets of one
 *
 * Every file but the event log is written beside its place and renamed. A checkpoint says how long the log was and what was in it, so a run
 * that was killed cuts the log back to the moment it resumes from and no event stands there twice.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { encodeTicket, type ModelState, SparseError, type Ticket, type TicketInfo } from '@freetickets/sparse-core';
import { loadTicket, makeFolder, readFileOrExplain, writeFileAtomic } from '@freetickets/sparse-core/node';
import { CheckpointStore, type FoundCheckpoint, type RunCheckpoint } from './checkpoint-store.ts';
import { checkLog } from './event-log.ts';
import type { Flags } from './experiment-fields.ts';
import { isLease, RunLease } from './run-lease.ts';
import { type ReadRecord, type RunRecord, readRecord } from './run-record.ts';

export class RunFolder {
  readonly path: string;
  readonly logPath: string;
  readonly #checkpoints: CheckpointStore;
  /** Of this process, while it trains here. */
  #lease: RunLease | undefined;
  readonly #permit = { permit: async () => this.#lease?.check() };

  constructor(path: string) {
    this.path = path;
    this.logPath = join(path, 'events.jsonl');
    this.#checkpoints = new CheckpointStore(path);
  }

  /** @throws SparseError ALREADY_EXISTS when there is something at `path` */
  static async checkFree(path: string): Promise<void> {
    if (!existsSync(path)) return;
    const names = await readdir(path).catch(() => undefined);
    // What a process that was killed in its first moment has left; whoever holds the lease may be gone, and will be asked.
    if (names?.every((name) => isLease(name) || name.endsWith('.tmp'))) return;
    const resumable = names?.includes('run.json') ? `, or go on with: freetickets train --resume ${path}` : '';
    const found = new Error(names ? 'one with files in it' : 'a file');
    throw new SparseError('ALREADY_EXISTS', path, 'a folder that does not exist yet', found, `Choose another --out${resumable}`);
  }

  /**
   * Makes the folder, takes its lease and writes the record; leaves nothing behind when that fails.
   * @param start the ticket file that the run starts from
   */
  static async create(path: string, record: RunRecord, start?: Uint8Array): Promise<{ folder: RunFolder; lease: AsyncDisposable }> {
    await RunFolder.checkFree(path);
    const folder = new RunFolder(path);
    const made = await makeFolder(path);
    const lease = await folder.lease();
    try {
      await RunFolder.checkFree(path); // somebody may have been quicker
      if (start) await writeFileAtomic(folder.startPath, start);
      await folder.writeJson('run.json', record);
      return { folder, lease };
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      if (made !== undefined) await removeEmpty(path, made);
      throw error;
    }
  }

  /**
   * @param flags laid over the experiment that the run was started with
   * @throws SparseError MISSING_FILE or BAD_FILE when the folder is not that of a run
   */
  static async open(path: string, flags: Flags = {}): Promise<ReadRecord & { folder: RunFolder }> {
    const file = join(path, 'run.json');
    if (!existsSync(file)) throw await noRun(path);
    const text = new TextDecoder().decode(await readFileOrExplain(file, 'the record of a run'));
    return { folder: new RunFolder(path), ...readRecord(file, text, flags) };
  }

  /**
   * Makes a place for tickets, and removes what a killed process left half-written. Only for the process that holds the lease.
   * @param from where the run goes on
   */
  async prepare(from?: RunCheckpoint): Promise<void> {
    await makeFolder(join(this.path, 'tickets'));
    for (const folder of ['', 'tickets', 'checkpoints', 'trajectory'].map((name) => join(this.path, name)))
      for (const name of await readdir(folder).catch(() => [])) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
    if (from) await this.#checkpoints.removeAfter(from);
  }

  /** @throws SparseError ALREADY_EXISTS when this process held the lease and another one has taken over */
  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`, this.#permit);
  }

  /** A file of another folder, as one of this. @throws SparseError as `readFileOrExplain` and `writeFileAtomic` */
  async adopt(from: string, to: string): Promise<void> {
    await makeFolder(dirname(to));
    await writeFileAtomic(to, await readFileOrExplain(from, 'a file of a run'), this.#permit);
  }

  /** All of it at once, where it was written somewhere else. */
  async writeLog(events: Uint8Array): Promise<void> {
    await writeFileAtomic(this.logPath, events, this.#permit);
  }

  /** Where one member is trained on its own. It has no record and no start: those are the run's. */
  member(index: number): RunFolder {
    return new RunFolder(join(this.path, 'members', String(index)));
  }

  /** Whether a member was begun on its own. */
  hasMembers(): boolean {
    return existsSync(join(this.path, 'members'));
  }

  /** Of a file on which nothing depends: undefined where there is none, or where it does not read. */
  async readJson(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.path, name), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** What `evaluate` measured; undefined when it did not, or when the file does not read: evaluating again makes it anew. */
  async results(): Promise<unknown> {
    return this.readJson('results.json');
  }

  /** Before training goes on: new tickets make old measurements wrong. */
  async dropResults(): Promise<void> {
    await rm(join(this.path, 'results.json'), { force: true });
  }

  get startPath(): string {
    return join(this.path, 'start.safetensors');
  }

  ticketPath(index: number): string {
    return join(this.path, 'tickets', `ticket-${index}.safetensors`);
  }

  /** @throws SparseError ALREADY_EXISTS when another process has taken over the run */
  async saveTicket(index: number, state: ModelState, info: TicketInfo): Promise<void> {
    await writeFileAtomic(this.ticketPath(index), encodeTicket(state, info), this.#permit);
  }

  /** The first `count` tickets. @throws SparseError MISSING_FILE or BAD_FILE */
  async loadTickets(count: number): Promise<Ticket[]> {
    const tickets: Ticket[] = [];
    while (tickets.length < count) tickets.push(await loadTicket(this.ticketPath(tickets.length)));
    return tickets;
  }

  /** Tickets that there are, up to the first gap. */
  ticketCount(): number {
    let count = 0;
    while (existsSync(this.ticketPath(count))) count++;
    return count;
  }

  /** All tickets that there are, in order. @throws SparseError MISSING_FILE when there is none yet */
  async tickets(): Promise<Ticket[]> {
    const count = this.ticketCount();
    if (count > 0) return this.loadTickets(count);
    const none = new Error('none');
    throw new SparseError(
      'MISSING_FILE',
      join(this.path, 'tickets'),
      'at least one ticket',
      none,
      `Train on with: freetickets train --resume ${this.path}`,
    );
  }

  /**
   * @param keep how many checkpoints stay, this one included
   * @throws SparseError ALREADY_EXISTS when another process has taken over the run, and as `writeFileAtomic`; those before are untouched then
   */
  async saveCheckpoint(checkpoint: Omit<RunCheckpoint, 'token'>, keep: number): Promise<void> {
    await this.#checkpoints.save({ ...checkpoint, token: this.#lease?.token ?? 0 }, keep, this.#permit);
  }

  /** Makes room on a full disk: all checkpoints but the newest. */
  async dropOlderCheckpoints(): Promise<void> {
    await this.#checkpoints.removeBeyond(1);
  }

  /** Takes the right to write here. @throws SparseError ALREADY_EXISTS when another process trains in the folder */
  async lease(): Promise<AsyncDisposable> {
    this.#lease = await RunLease.take(this.path);
    return this.#lease;
  }

  /**
   * The newest checkpoint that is whole, with the log and the tickets from before it.
   * @param members of the run
   * @param ticketsBefore how many tickets were handed out by then
   * @throws SparseError BAD_FILE when there are checkpoints, and none is
   */
  async newestCheckpoint(members: number, ticketsBefore: (checkpoint: RunCheckpoint) => number): Promise<FoundCheckpoint> {
    return this.#checkpoints.newest(members, async (checkpoint) => {
      await checkLog(this.logPath, checkpoint.log);
      await this.loadTickets(ticketsBefore(checkpoint));
    });
  }
}

/** Removes folders from `innermost` out to `outermost`, as far as they are empty: others may have put something beside ours meanwhile. */
async function removeEmpty(innermost: string, outermost: string): Promise<void> {
  const { length } = resolve(outermost);
  for (let folder = resolve(innermost); folder.length >= length; folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

/** What is there instead, and which runs are inside. */
async function noRun(path: string): Promise<SparseError> {
  const names = await readdir(path).catch(() => undefined);
  const instead = names ? 'one without run.json' : existsSync(path) ? 'a file' : 'nothing of that name';
  const inside = names?.filter((name) => existsSync(join(path, name, 'run.json'))).map((name) => join(path, name)) ?? [];
  const more = inside.length > 5 ? ` and ${inside.length - 5} more` : '';
  const hint = inside.length === 0 ? '' : `Runs in it: ${inside.slice(0, 5).join(', ')}${more}`;
  return new SparseError('MISSING_FILE', path, 'the folder of a run', new Error(instead), hint);
}
