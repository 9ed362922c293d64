/**
 * A run on disk:
 *
 *     run.json                  the resolved experiment, the network, the data's hash, who ran it
 *     start.safetensors         the ticket that it started from, if it did
 *     events.jsonl              what happened, one JSON object a line
 *     checkpoint.safetensors    the last moment from which the run can go on
 *     tickets/ticket-0.safetensors ...
 *     results.json              what `evaluate` measured
 *
 * Every file but the event log is written beside its place and renamed. The checkpoint says how long the log was, so a run that was
 * killed cuts the log back to the moment it resumes from and no event stands there twice.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint, type TrainState } from '@freetickets/dst-trainer';
import { type ModelState, SparseError, type Ticket, type TicketInfo } from '@freetickets/sparse-core';
import { loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from '@freetickets/sparse-core/node';
import type { Flags } from './experiment-fields.ts';
import { lockRun } from './run-lock.ts';
import { type ReadRecord, type RunRecord, readRecord } from './run-record.ts';

/** Where a run stands. */
export interface RunCheckpoint {
  readonly member: number;
  readonly state: TrainState;
  readonly logBytes: number;
  /** Training time of the members before. */
  readonly earlierSeconds: number;
}

export class RunFolder {
  readonly path: string;
  readonly logPath: string;

  constructor(path: string) {
    this.path = path;
    this.logPath = join(path, 'events.jsonl');
  }

  /** @throws SparseError ALREADY_EXISTS when there is something at `path` */
  static async checkFree(path: string): Promise<void> {
    if (!existsSync(path)) return;
    const names = await readdir(path).catch(() => undefined);
    if (names?.length === 0) return;
    const resumable = names?.includes('run.json') ? `, or go on with: freetickets train --resume ${path}` : '';
    const found = new Error(names ? 'one with files in it' : 'a file');
    throw new SparseError('ALREADY_EXISTS', path, 'a folder that does not exist yet', found, `Choose another --out${resumable}`);
  }

  /**
   * Makes the folder, takes its lock and writes the record; leaves nothing behind when that fails.
   * @param start the ticket file that the run starts from
   */
  static async create(path: string, record: RunRecord, start?: Uint8Array): Promise<{ folder: RunFolder; lock: AsyncDisposable }> {
    await RunFolder.checkFree(path);
    const folder = new RunFolder(path);
    const made = await mkdir(path, { recursive: true }).catch((cause: unknown) => {
      throw new SparseError('INVALID_ARGUMENT', path, 'a folder that can be made', cause, '', { cause });
    });
    const lock = await lockRun(path);
    try {
      await RunFolder.checkFree(path); // somebody may have been quicker
      if (start) await writeFileAtomic(folder.startPath, start);
      await folder.writeJson('run.json', record);
      return { folder, lock };
    } catch (error) {
      await lock[Symbol.asyncDispose]();
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
    const text = new TextDecoder().decode(await readFileOrExplain(file, 'the record of a run'));
    return { folder: new RunFolder(path), ...readRecord(file, text, flags) };
  }

  /** Makes a place for tickets, and removes what a killed process left half-written. Only for the process that holds the lock. */
  async prepare(): Promise<void> {
    const tickets = join(this.path, 'tickets');
    await mkdir(tickets, { recursive: true });
    for (const folder of [this.path, tickets])
      for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** What `evaluate` measured; undefined when it did not, or when the file does not read. */
  async results(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.path, 'results.json'), 'utf8'));
    } catch {
      return undefined; // nothing depends on them, and evaluating again makes them anew
    }
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

  async saveTicket(index: number, state: ModelState, info: TicketInfo): Promise<void> {
    await saveTicket(this.ticketPath(index), state, info);
  }

  /** The first `count` tickets. @throws SparseError MISSING_FILE or BAD_FILE */
  async loadTickets(count: number): Promise<Ticket[]> {
    const tickets: Ticket[] = [];
    while (tickets.length < count) tickets.push(await loadTicket(this.ticketPath(tickets.length)));
    return tickets;
  }

  /** All tickets that there are, in order. @throws SparseError MISSING_FILE when there is none yet */
  async tickets(): Promise<Ticket[]> {
    let count = 0;
    while (existsSync(this.ticketPath(count))) count++;
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

  async saveCheckpoint({ state, ...position }: RunCheckpoint): Promise<void> {
    const meta = Object.fromEntries(Object.entries(position).map(([key, value]) => [key, String(value)]));
    await writeFileAtomic(this.#checkpointPath, encodeCheckpoint(state, meta));
  }

  /** @throws SparseError ALREADY_EXISTS when another process trains in the folder */
  async lock(): Promise<AsyncDisposable> {
    return lockRun(this.path);
  }

  /**
   * @param members of the run
   * @returns undefined when the run was stopped before its first checkpoint
   */
  async loadCheckpoint(members: number): Promise<RunCheckpoint | undefined> {
    if (!existsSync(this.#checkpointPath)) return undefined;
    const { state, meta } = decodeCheckpoint(await readFileOrExplain(this.#checkpointPath, 'a checkpoint'), this.#checkpointPath);
    const [member, logBytes, earlierSeconds] = [meta.member, meta.logBytes, meta.earlierSeconds].map(Number) as [number, number, number];
    const whole = (value: number) => Number.isSafeInteger(value) && value >= 0;
    if (!whole(member) || member >= members || !whole(logBytes) || !(earlierSeconds >= 0))
      throw new SparseError('BAD_FILE', this.#checkpointPath, `the position in a run of ${members} members`, meta);
    return { state, member, logBytes, earlierSeconds };
  }

  get #checkpointPath(): string {
    return join(this.path, 'checkpoint.safetensors');
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
