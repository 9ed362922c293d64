/** The files of a wheel (a zip) or of an npm tarball that are wanted, and no others. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { openPromise } from 'yauzl';

/**
 * @param place where an entry goes, relative to the folder, or undefined to leave it out
 * @throws SparseError, or Error of the file system
 */
export async function unpackWheel(path: string, folder: string, place: (entry: string) => string | undefined): Promise<void> {
  const zip = await openPromise(path); // refuses names that lead out of the folder
  try {
    for await (const entry of zip.eachEntry()) {
      const to = entry.fileName.endsWith('/') ? undefined : place(entry.fileName);
      if (to === undefined) continue;
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(join(folder, to)));
    }
  } finally {
    zip.close();
  }
}

/** @param wanted of an entry's path below the package's own folder; all of them by default */
export async function unpackTarball(path: string, folder: string, wanted: (entry: string) => boolean = () => true): Promise<void> {
  await mkdir(folder, { recursive: true });
  await extract({ file: path, cwd: folder, strip: 1, filter: (entry) => wanted(entry.split('/').slice(1).join('/')) });
}
