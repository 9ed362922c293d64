/**
 * `events.jsonl` of a run, open for writing: one JSON object a line. A checkpoint knows its length and the SHA-256 of what it had in it by then.
 * A run that goes on has a new file with that beginning: a process that still writes to the old one harms nobody.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { TrainEvent } from '@freetickets/dst-trainer';
import { SparseError } from '@freetickets/sparse-core';
import { explainWriteError, writeAt, writeFileAtomic } from '@freetickets/sparse-core/node';

/** How much of a log belongs to a checkpoint. */
export interface LogPosition {
  readonly bytes: number;
  /** SHA-256 in hex. */
  readonly hash: string;
}

/** A run goes on although something is not as it was. */
export interface ForcedEvent {
  readonly type: 'forced';
  readonly differences: readonly string[];
}

export class EventLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash;
  #bytes: number;

  private constructor(path: string, file: FileHandle, kept: Uint8Array) {
    this.#path = path;
    this.#file = file;
    this.#hash = createHash('sha256').update(kept);
    this.#bytes = kept.length;
  }

  /** Cuts the log back to its first `bytes`. @throws SparseError BAD_FILE when it is shorter than that, or as `writeFileAtomic` does */
  static async open(path: string, bytes: number): Promise<EventLog> {
    const kept = bytes === 0 ? new Uint8Array() : await beginning(path, bytes);
    await writeFileAtomic(path, kept);
    const file = await open(path, 'r+').catch((error: unknown) => {
      throw explainWriteError(error, path, bytes);
    });
    return new EventLog(path, file, kept);
  }

  get position(): LogPosition {
    return { bytes: this.#bytes, hash: this.#hash.copy().digest('hex') };
  }

  /** @throws SparseError DISK_FULL or DISK_FAILED */
  async append(member: number, event: TrainEvent | ForcedEvent): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ member, ...withoutArrays(event) })}\n`);
    await this.#try(async () => {
      this.#bytes = await writeAt(this.#file, line, this.#bytes);
    });
    this.#hash.update(line);
  }

  /** Before a checkpoint that counts on what was written. */
  async flush(): Promise<void> {
    await this.#try(() => this.#file.sync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #try(write: () => Promise<void>): Promise<void> {
    await write().catch((error: unknown) => {
      throw explainWriteError(error, this.#path, this.#bytes);
    });
  }
}

/** @throws SparseError BAD_FILE when the log at `path` does not begin with what was in it at `position` */
export async function checkLog(path: string, { bytes, hash }: LogPosition): Promise<void> {
  const found = createHash('sha256')
    .update(await beginning(path, bytes))
    .digest('hex');
  if (found !== hash)
    throw new SparseError('BAD_FILE', path, `the ${bytes} bytes that the checkpoint knows of`, new Error('others'), 'The log is damaged');
}

async function beginning(path: string, bytes: number): Promise<Uint8Array> {
  const all = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return new Uint8Array();
    throw new SparseError('BAD_FILE', path, 'the log of a run', error, '', { cause: error });
  });
  if (all.length >= bytes) return all.subarray(0, bytes);
  throw new SparseError('BAD_FILE', path, `at least the ${bytes} bytes that the checkpoint knows of`, new Error(`${all.length} bytes`));
}

/** Weights and positions are in the tickets, not in the log. */
function withoutArrays(event: TrainEvent | ForcedEvent): object {
  if (event.type === 'rewired') {
    const { deltas, ...rest } = event;
    return rest;
  }
  if (event.type === 'ticket') {
    const { state, ...rest } = event;
    return rest;
  }
  if (event.type === 'epoch') {
    const { probed, ...rest } = event;
    return rest;
  }
  return event;
}
