/**
 * A run on disk:
 *
 *     run.json                  the resolved experiment, the network, the data's hash, who ran it
 *     events.jsonl              what happened, one JSON object a line
 *     checkpoint.safetensors    the last moment from which the run can go on
 *     tickets/ticket-0.safetensors ...
 *     results.json              what `evaluate` measured
 *
 * Every file but the event log is written beside its place and renamed. The checkpoint says how long the log was, so a run that was
 * killed cuts the log back to the moment it resumes from and no event stands there twice.
 */
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type TrainEvent, type TrainState } from '@freetickets/dst-trainer';
import { type NetworkSpec, SparseError } from '@freetickets/sparse-core';
import { loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from '@freetickets/sparse-core/node';
import { type Experiment, resolveExperiment } from './experiment.ts';

type Ticket = Awaited<ReturnType<typeof loadTicket>>;

export interface RunRecord {
  readonly format: 'freetickets.run';
  readonly version: 1;
  readonly experiment: Experiment;
  readonly experimentHash: string;
  readonly network: NetworkSpec;
  readonly data: { readonly name: string; readonly hash: string; readonly classes: readonly string[]; readonly train: number; readonly valid: number; readonly test: number };
  readonly engine: string;
  readonly freetickets: string;
  readonly node: string;
}

/** Where a run of several members stands, besides what the trainer's checkpoint says. */
export interface Position {
  readonly member: number;
  readonly logBytes: number;
}

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws SparseError ALREADY_EXISTS when there is something in the folder */
  static async create(path: string, record: RunRecord): Promise<RunFolder> {
    if (existsSync(path) && (await readdir(path).catch(() => [''])).length > 0)
      throw new SparseError('ALREADY_EXISTS', path, 'a folder that does not exist yet', 'one with files in it', `Choose another --out, or go on with: freetickets train --resume ${path}`);
    const folder = new RunFolder(path);
    await mkdir(join(path, 'tickets'), { recursive: true }).catch((error: unknown) => {
      throw new SparseError('INVALID_ARGUMENT', path, 'a folder that can be made', error);
    });
    await folder.writeJson('run.json', record);
    return folder;
  }

  /** @throws SparseError MISSING_FILE or BAD_FILE when the folder is not that of a run */
  static async open(path: string): Promise<{ folder: RunFolder; record: RunRecord }> {
    const folder = new RunFolder(path);
    const record = (await folder.readJson('run.json', 'the record of a run')) as unknown as RunRecord;
    if (record.format !== 'freetickets.run' || record.version !== 1)
      throw new SparseError('BAD_FILE', join(path, 'run.json'), 'format freetickets.run, version 1', `${record.format}, version ${record.version}`);
    const experiment = resolveExperiment({}, { path: join(path, 'run.json'), values: record.experiment });
    return { folder, record: { ...record, experiment } };
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async readJson(name: string, what: string): Promise<Record<string, unknown>> {
    const path = join(this.path, name);
    const text = new TextDecoder().decode(await readFileOrExplain(path, what));
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch (error) {
      throw new SparseError('BAD_FILE', path, 'JSON', error);
    }
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  ticketPath(index: number): string {
    return join(this.path, 'tickets', `ticket-${index}.safetensors`);
  }

  readonly saveTicket = (index: number, ...[state, info]: [Parameters<typeof saveTicket>[1], Parameters<typeof saveTicket>[2]]): Promise<void> =>
    saveTicket(this.ticketPath(index), state, info);

  /** All tickets in order. @throws SparseError MISSING_FILE when there is none yet */
  async tickets(): Promise<Ticket[]> {
    const tickets: Ticket[] = [];
    while (existsSync(this.ticketPath(tickets.length))) tickets.push(await loadTicket(this.ticketPath(tickets.length)));
    if (tickets.length === 0)
      throw new SparseError('MISSING_FILE', join(this.path, 'tickets'), 'at least one ticket', 'none', `Train on: freetickets train --resume ${this.path}`);
    return tickets;
  }

  async saveCheckpoint(state: TrainState, position: Position): Promise<void> {
    const meta = { member: String(position.member), logBytes: String(position.logBytes) };
    await writeFileAtomic(join(this.path, 'checkpoint.safetensors'), encodeCheckpoint(state, meta));
  }

  /** undefined: the run was stopped before its first checkpoint. */
  async loadCheckpoint(): Promise<{ state: TrainState; position: Position } | undefined> {
    const path = join(this.path, 'checkpoint.safetensors');
    if (!existsSync(path)) return undefined;
    const { state, meta }: Checkpoint = decodeCheckpoint(await readFileOrExplain(path, 'a checkpoint'), path);
    const position = { member: Number(meta.member), logBytes: Number(meta.logBytes) };
    if (!Number.isSafeInteger(position.member) || !Number.isSafeInteger(position.logBytes))
      throw new SparseError('BAD_FILE', path, 'a member and a length of the log', meta);
    return { state, position };
  }
}

/** The log of events, open for writing. */
export class EventLog {
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Cuts the log back to its first `bytes`. */
  static async open(folder: RunFolder, bytes: number): Promise<EventLog> {
    const path = join(folder.path, 'events.jsonl');
    const file = await open(path, 'a');
    const { size } = await file.stat();
    if (size < bytes) {
      await file.close();
      throw new SparseError('BAD_FILE', path, `at least the ${bytes} bytes that the checkpoint knows of`, `${size} bytes`);
    }
    await truncate(path, bytes);
    return new EventLog(file, bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(member: number, event: TrainEvent): Promise<void> {
    const line = `${JSON.stringify({ member, ...withoutArrays(event) })}\n`;
    await this.#file.appendFile(line);
    this.#bytes += Buffer.byteLength(line);
  }

  /** Before a checkpoint that counts on what was written. */
  async flush(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Weights and positions are in the tickets, not in the log. */
function withoutArrays(event: TrainEvent): object {
  if (event.type === 'rewired') {
    const { deltas, ...rest } = event;
    return rest;
  }
  if (event.type === 'ticket') {
    const { state, ...rest } = event;
    return rest;
  }
  return event;
}
