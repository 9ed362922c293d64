/**
 * Whole files on disk: a reader sees the old content or the new, never half of it, nor bytes that changed since; every failure is one clear
 * sentence. Everything that FreeTickets writes and wants to read again goes through here.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SparseError } from './errors.ts';
import { checkSeal, sealed } from './seal.node.ts';
import type { ModelState } from './state.ts';
import { decodeTicket, encodeTicket, type Ticket } from './ticket-file.ts';
import type { TicketInfo } from './ticket-info.ts';

export interface WriteOptions {
  /**
   * Asked when all is on disk but not yet under its name; what it throws leaves the old content in place. Asked again about a write that
   * failed: whoever took the place over may have cleared the folder away.
   */
  readonly permit?: () => Promise<void>;
}

/**
 * Writes beside `path` under a temporary name, fills in a blank seal, flushes to disk, renames, then flushes the folder: after a crash or a power
 * cut at any moment `path` holds the old content or the new. A write that failed may be tried again; it begins anew, for after a failed
 * flush nobody knows what is on disk.
 * @throws SparseError DISK_FULL, DISK_FAILED, MISSING_FILE (no such folder) or INVALID_ARGUMENT (may not or cannot be written)
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string, { permit }: WriteOptions = {}): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeAndFlush(temporary, sealed(bytes));
    await permit?.();
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // the first error is the one to report
    if (error instanceof SparseError) throw error;
    await permit?.();
    throw explainWriteError(error, path, bytes.length);
  }
}

async function writeAndFlush(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    let position = 0;
    for (const piece of pieces) position = await writeAt(file, piece, position);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Most bytes of one call to the system. */
const PIECE = 2 ** 22;

/**
 * Writes all bytes at a place of an open file; may be called again after it failed.
 * @returns the place behind them
 */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, Math.min(PIECE, bytes.length - done), position + done)).bytesWritten;
  return position + bytes.length;
}

/**
 * Makes a folder, its parents too where they are missing, so that a power cut takes none of them away again.
 * @returns the outermost folder that was made, if any
 * @throws SparseError INVALID_ARGUMENT when it cannot be made, DISK_FULL or DISK_FAILED
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    const made = await mkdir(path, { recursive: true });
    for (let folder = resolve(path); made !== undefined && folder.length >= resolve(made).length; folder = dirname(folder))
      await flushFolder(dirname(folder));
    return made;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') throw explainWriteError(error, path, 0);
    throw new SparseError('INVALID_ARGUMENT', path, 'a folder that can be made', error, '', { cause: error });
  }
}

/** Makes the rename itself durable where that is possible; Windows and some network file systems cannot, and say so with these codes. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync().catch((error: unknown) => {
      if (!['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'EBADF', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
    });
  } finally {
    await folder?.close();
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/** The sentence for a failed write of `sizeBytes` to `path`. */
export function explainWriteError(error: unknown, path: string, sizeBytes: number): SparseError {
  const options = { cause: error };
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SparseError(
        'DISK_FULL',
        path,
        `${sizeBytes} bytes of free disk space`,
        'a full disk or quota',
        'Free some space and try again',
        options,
      );
    case 'EIO':
      return new SparseError('DISK_FAILED', path, `a disk that keeps ${sizeBytes} bytes`, error, 'Look after the disk', options);
    case 'ENOENT':
      return new SparseError('MISSING_FILE', path, `a folder ${dirname(path)} to write into`, 'no such folder', 'Create it first', options);
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new SparseError('INVALID_ARGUMENT', path, 'the path of a file', 'a folder', '', options);
    case 'ENOTDIR':
      return new SparseError('INVALID_ARGUMENT', path, `a folder ${dirname(path)} to write into`, 'a path through a file', '', options);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new SparseError('INVALID_ARGUMENT', path, `permission to write in the folder ${dirname(path)}`, codeOf(error), '', options);
    default:
      return new SparseError('INVALID_ARGUMENT', path, 'a file that can be written', error, '', options);
  }
}

/** Of one reading: what Node can hold in one piece. */
const MOST_BYTES = 2 ** 31 - 1;

/** Of a file of JSON that a person wrote, such as an experiment. */
export const MOST_JSON_BYTES = 2 ** 24;

/**
 * A whole file. Pipes and devices, which may never end, are refused.
 * @param what what the file should be, for the message: `a ticket`, `a checkpoint`
 * @param mostBytes larger files are refused unread
 * @throws SparseError MISSING_FILE when there is none, BAD_FILE when there is something that cannot be read, or not what its seal was made of
 */
export async function readFileOrExplain(path: string, what: string, mostBytes = MOST_BYTES): Promise<Uint8Array> {
  const bytes = await readOrExplain(path, what, mostBytes);
  checkSeal(bytes, path);
  return bytes;
}

async function readOrExplain(path: string, what: string, mostBytes: number): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() && !stats.isDirectory()) throw new SparseError('BAD_FILE', path, what, 'no ordinary file');
    if (stats.size > mostBytes) throw new SparseError('BAD_FILE', path, `${what} of at most ${mostBytes} bytes`, `${stats.size} bytes`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof SparseError) throw error;
    const options = { cause: error };
    switch (codeOf(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new SparseError('MISSING_FILE', path, what, 'no such file', '', options);
      case 'EISDIR':
        throw new SparseError('BAD_FILE', path, what, 'a folder', '', options);
      case 'EACCES':
      case 'EPERM':
        throw new SparseError('BAD_FILE', path, what, 'a file without permission to read', '', options);
      default:
        throw new SparseError('BAD_FILE', path, what, error, '', options);
    }
  }
}

/** Writes a ticket file, atomically. @throws SparseError as `encodeTicket` and `writeFileAtomic` do */
export async function saveTicket(path: string, state: ModelState, info?: TicketInfo): Promise<void> {
  await writeFileAtomic(path, encodeTicket(state, info));
}

/** Reads a ticket file. @throws SparseError MISSING_FILE or BAD_FILE */
export async function loadTicket(path: string): Promise<Ticket> {
  return decodeTicket(await readFileOrExplain(path, 'a ticket file'), path);
}
