/** The cache folder: how much is in it, and how much room its disk has. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '@freetickets/sparse-core/node';

export interface CacheUse {
  readonly folder: string;
  readonly usedBytes: number;
  /** Unknown where the system does not say. */
  readonly freeBytes?: number;
}

export async function cacheUse(folder = cacheFolder()): Promise<CacheUse> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries.filter((entry) => entry.isFile()).map((entry) => sizeOf(join(entry.parentPath, entry.name)));
  const usedBytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  const disk = await diskOf(folder);
  return { folder, usedBytes, ...(disk && { freeBytes: disk.bavail * disk.bsize }) };
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** The folder itself may be made later. */
async function diskOf(folder: string): Promise<{ bavail: number; bsize: number } | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found ?? (dirname(folder) === folder ? undefined : diskOf(dirname(folder)));
}
