import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { type Listing, MAX_ENTRIES, MAX_PICTURE_BYTES, type PictureStore } from './picture-store.ts';

/** Folders within folders; more of them are a loop of links. */
const MAX_DEPTH = 16;

interface Found extends Listing {
  /** Size and time of each file, in the order of `files`. */
  readonly stamps: readonly string[];
}

/** Pictures in a folder on disk. Links are followed. It is listed once, at the first question. */
export function folderStore(path: string): PictureStore {
  let found: Promise<Found> | undefined;
  const list = () => {
    found ??= listFolder(path);
    return found;
  };
  return {
    path,
    describe: (name) => join(path, name),
    list,
    async fingerprint() {
      const { files, folders, stamps } = await list();
      const text = JSON.stringify([resolve(path), files, folders, stamps]);
      return createHash('sha256').update(text).digest('hex');
    },
    async *read(names) {
      const { files } = await list();
      for (const name of files) {
        if (names.has(name)) yield { name, bytes: await readPicture(join(path, name)) };
      }
    },
  };
}

async function readPicture(path: string): Promise<Uint8Array> {
  const { size } = await lookAt(stat(path), path);
  if (size > MAX_PICTURE_BYTES) throw new SparseError('BAD_FILE', path, `a picture of at most ${MAX_PICTURE_BYTES} bytes`, `${size} bytes`);
  return readFileOrExplain(path, 'a picture');
}

async function listFolder(path: string): Promise<Found> {
  const files: string[] = [];
  const folders: string[] = [];
  const stamps: string[] = [];
  const visit = async (prefix: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH)
      throw new SparseError(
        'BAD_FILE',
        join(path, prefix),
        `at most ${MAX_DEPTH} folders within each other`,
        'more',
        'Do links form a loop?',
      );
    // Hidden files never count, so they need not be looked at: a .git folder can be large.
    const names = (await lookAt(readdir(join(path, prefix)), join(path, prefix))).filter((name) => !name.startsWith('.')).sort();
    const entries = await Promise.all(
      names.map(async (name) => ({ name: prefix + name, stats: await lookAt(stat(join(path, prefix + name)), join(path, prefix + name)) })),
    );
    for (const { name, stats } of entries) {
      if (files.length + folders.length >= MAX_ENTRIES) throw new SparseError('BAD_FILE', path, `at most ${MAX_ENTRIES} files`, 'more');
      if (stats.isDirectory()) {
        folders.push(name);
        await visit(`${name}/`, depth + 1);
      } else if (stats.isFile()) {
        files.push(name);
        stamps.push(`${stats.size} ${stats.mtimeMs}`);
      }
    }
  };
  await visit('', 0);
  return { files, folders, stamps };
}

async function lookAt<Answer>(question: Promise<Answer>, path: string): Promise<Answer> {
  try {
    return await question;
  } catch (cause) {
    throw new SparseError('BAD_FILE', path, 'a file or folder that can be looked at', cause, 'Is it a broken link, or not yours to read?', {
      cause,
    });
  }
}
