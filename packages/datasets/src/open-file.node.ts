import { type FileHandle, open } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';

/** A file that is read in parts. */
export interface OpenFile extends AsyncDisposable {
  readonly size: number;
  /** @throws SparseError BAD_FILE, with the offset, when the file ends before */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * @param what what the file should be, for the message: `a .npy file`
 * @throws SparseError MISSING_FILE when there is none, BAD_FILE when it cannot be read
 */
export async function openFile(path: string, what: string): Promise<OpenFile> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    throw new SparseError(missing ? 'MISSING_FILE' : 'BAD_FILE', path, what, missing ? 'no such file' : cause, '', { cause });
  });
  const stats = await file.stat();
  if (!stats.isFile()) {
    await file.close();
    throw new SparseError('BAD_FILE', path, what, stats.isDirectory() ? 'a folder' : 'no ordinary file');
  }
  const { size } = stats;
  return { size, read: (offset, length) => readPart(file, path, size, offset, length), [Symbol.asyncDispose]: () => file.close() };
}

async function readPart(file: FileHandle, path: string, size: number, offset: number, length: number): Promise<Uint8Array> {
  const cutShort = () =>
    new SparseError(
      'BAD_FILE',
      `${path}: byte ${offset}`,
      `${length} more bytes`,
      `${Math.max(0, size - offset)} bytes`,
      'The file is cut short; fetch it again',
    );
  if (offset + length > size) throw cutShort(); // before memory is asked for
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw cutShort();
    done += bytesRead;
  }
  return bytes;
}
