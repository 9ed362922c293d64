import { type FileHandle, open } from 'node:fs/promises';
import type { TrainEvent } from '@freetickets/dst-trainer';
import { SparseError } from '@freetickets/sparse-core';

/** `events.jsonl` of a run, open for writing: one JSON object a line. */
export class EventLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Cuts the log back to its first `bytes`. @throws SparseError BAD_FILE when it is shorter than that */
  static async open(path: string, bytes: number): Promise<EventLog> {
    const file = await open(path, 'a').catch((error: unknown) => {
      throw explained(error, path);
    });
    const { size } = await file.stat();
    if (size < bytes) {
      await file.close();
      throw new SparseError('BAD_FILE', path, `at least the ${bytes} bytes that the checkpoint knows of`, new Error(`${size} bytes`));
    }
    await file.truncate(bytes);
    return new EventLog(path, file, bytes);
  }

  /** Its length. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws SparseError DISK_FULL */
  async append(member: number, event: TrainEvent): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ member, ...withoutArrays(event) })}\n`);
    await this.#try(() => this.#file.appendFile(line));
    this.#bytes += line.length;
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
      throw explained(error, this.#path);
    });
  }
}

function explained(cause: unknown, path: string): SparseError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new SparseError('DISK_FULL', path, 'free disk space', new Error('a full disk or quota'), 'Free some space', { cause });
  return new SparseError('BAD_FILE', path, 'a file that can be written', new Error(message), '', { cause });
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
  if (event.type === 'epoch') {
    const { probed, ...rest } = event;
    return rest;
  }
  return event;
}
