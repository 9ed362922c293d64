/** One event file, open for writing. Each event is one write, so a process that is killed leaves at most its last event cut short. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { explainWriteError, makeFolder, writeAt } from '@freetickets/sparse-core/node';
import { record } from './record.ts';
import { encode } from './schema.ts';
import type { SummaryValue } from './summaries.ts';

export class EventFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * A new file in `folder`; TensorBoard reads those of a folder in the order of their names, so this one is the last.
   * @throws SparseError as `writeFileAtomic` does
   */
  static async create(folder: string, time: number): Promise<EventFile> {
    await makeFolder(folder);
    const [seconds, thousandths] = (Date.now() / 1000).toFixed(3).split('.');
    const path = join(folder, `events.out.tfevents.${seconds}.${thousandths}.${hostname()}.${process.pid}.${randomUUID().slice(0, 8)}`);
    const file = new EventFile(
      path,
      await open(path, 'wx').catch((error: unknown) => {
        throw explainWriteError(error, path, 0);
      }),
    );
    await file.#append({ wallTime: time, fileVersion: 'brain.Event:2' });
    return file;
  }

  /** What this file and older ones of the folder hold of `step` and later ones is void. */
  async restart(step: number, time: number): Promise<void> {
    await this.#append({ wallTime: time, step, sessionLog: { status: 1 } });
  }

  /** @throws SparseError DISK_FULL or DISK_FAILED */
  async write(step: number, time: number, value: readonly SummaryValue[]): Promise<void> {
    if (value.length > 0) await this.#append({ wallTime: time, step, summary: { value } });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #append(event: object): Promise<void> {
    const bytes = record(encode('Event', event));
    try {
      this.#bytes = await writeAt(this.#file, bytes, this.#bytes);
    } catch (error) {
      throw explainWriteError(error, this.#path, bytes.length);
    }
  }
}

/** As TensorBoard tells them apart from other files. */
export const isEventFile = (name: string): boolean => name.includes('tfevents');
