/**
 * Pictures in a tar archive, gzipped or not, read as a stream: nothing is unpacked to disk, and no name in it ever becomes a path. Each
 * question is one pass over the file.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import { SparseError } from '@freetickets/sparse-core';
import { Parser, type ReadEntry } from 'tar';
import { isGzip, mostUnpacked } from './gunzip.node.ts';
import { type Listing, MAX_ENTRIES, MAX_PICTURE_BYTES, type PictureStore } from './picture-store.ts';

/** Of all names together; pax headers may make each of them a megabyte long. */
const MAX_NAMES = 2 ** 28;
/** Of a whole archive, unpacked. */
const MAX_BYTES = 2 ** 40;

export function archiveStore(path: string): PictureStore {
  return {
    path,
    describe: (name) => `${path}: ${name}`,
    async fingerprint() {
      const { size, mtimeMs } = await stat(path);
      return `${resolve(path)} ${size} ${mtimeMs}`;
    },
    list: () => listArchive(path),
    read: (names) => readArchive(path, names),
  };
}

interface Item {
  readonly name: string;
  readonly folder: boolean;
  /** Of the files asked for only. */
  readonly bytes: Uint8Array;
}

async function listArchive(path: string): Promise<Listing> {
  const files = new Set<string>();
  const folders = new Set<string>();
  let letters = 0;
  for await (const { name, folder } of itemsOf(path, new Set())) {
    if (!folder && files.has(name)) throw new SparseError('BAD_FILE', path, 'each file once', `${name} twice`, 'Make the archive again');
    (folder ? folders : files).add(name);
    letters += name.length;
    if (letters > MAX_NAMES) throw new SparseError('BAD_FILE', path, `names of at most ${MAX_NAMES} characters together`, 'more');
    if (files.size + folders.size > MAX_ENTRIES) throw new SparseError('BAD_FILE', path, `at most ${MAX_ENTRIES} entries`, 'more');
  }
  return { files: [...files], folders: [...folders] };
}

async function* readArchive(path: string, names: ReadonlySet<string>): AsyncGenerator<{ name: string; bytes: Uint8Array }> {
  for await (const { name, folder, bytes } of itemsOf(path, names)) {
    if (!folder && names.has(name)) yield { name, bytes };
  }
}

/** Files and folders in the archive's order. The parser works synchronously, so what one chunk completes is handed out before the next. */
async function* itemsOf(path: string, wanted: ReadonlySet<string>): AsyncGenerator<Item> {
  let ready: Item[] = [];
  let complete = false;
  const parser = new Parser({
    strict: true, // every irregularity is an error event
    brotli: false,
    zstd: false,
    onReadEntry(entry) {
      collect(entry, path, wanted, (item) => ready.push(item));
    },
  });
  let failure: unknown;
  parser.on('error', (error: unknown) => {
    failure ??= error;
  });
  parser.on('eof', () => {
    complete = true;
  });
  try {
    const most = mostUnpacked((await stat(path)).size, MAX_BYTES);
    let bytes = 0;
    for await (const chunk of await openStream(path)) {
      bytes += (chunk as Buffer).length;
      if (bytes > most) throw new SparseError('BAD_FILE', path, `a tar archive of at most ${most} bytes unpacked`, 'more');
      parser.write(chunk as Buffer);
      if (failure) throw failure;
      yield* ready;
      ready = [];
    }
    parser.end();
    if (failure) throw failure;
  } catch (cause) {
    if (cause instanceof SparseError) throw cause;
    throw new SparseError('BAD_FILE', path, 'a whole tar archive, gzipped or not', cause, 'Fetch or make it again', { cause });
  }
  yield* ready;
  if (!complete)
    throw new SparseError('BAD_FILE', path, 'a whole tar archive', 'one without its end mark', 'The file is cut short; fetch it again');
}

async function openStream(path: string) {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
  const stream = createReadStream(path, { highWaterMark: 2 ** 18 });
  if (!isGzip(buffer)) return stream;
  const unpacked = createGunzip();
  stream.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => stream.destroy());
  return stream.pipe(unpacked);
}

function collect(entry: ReadEntry, path: string, wanted: ReadonlySet<string>, done: (item: Item) => void): void {
  const folder = entry.type === 'Directory';
  const name = entry.path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  const isFile = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
  if (!isFile && !folder) {
    entry.resume(); // links and devices
    return;
  }
  if (!wanted.has(name)) {
    entry.on('end', () => name !== '' && done({ name, folder, bytes: new Uint8Array() }));
    entry.resume();
    return;
  }
  if (entry.size > MAX_PICTURE_BYTES) {
    throw new SparseError('BAD_FILE', `${path}: ${name}`, `a picture of at most ${MAX_PICTURE_BYTES} bytes`, `${entry.size} bytes`);
  }
  const pieces: Buffer[] = [];
  entry.on('data', (piece: Buffer) => pieces.push(piece));
  entry.on('end', () => done({ name, folder, bytes: Buffer.concat(pieces) }));
}
