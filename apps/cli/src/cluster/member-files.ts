/**
 * What the folder of one member says of how its training ended: `member.json` of a finished one, with the SHA-256 of every file that belongs to
 * it, or `failed.json` of one that trying again will not help, with the reason.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseJson, SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { z } from 'zod';
import type { RunFolder } from '../run-folder.ts';
import { isLease } from '../run-lease.ts';

const FINISHED = 'member.json';
const FAILED = 'failed.json';

const MEMBER = z.strictObject({
  format: z.literal('freetickets.member'),
  version: z.literal(1),
  member: z.int().min(0),
  files: z.record(z.string(), z.string()),
});

/** To be called under the member's lease, when nothing is left to train. */
export async function writeFinished(folder: RunFolder, member: number): Promise<void> {
  const names = await filesOf(folder.path);
  const hashes = await Promise.all(names.map(async (name) => [name, await hashOf(join(folder.path, name))] as const));
  await folder.writeJson(FINISHED, { format: 'freetickets.member', version: 1, member, files: Object.fromEntries(hashes) });
}

export const saysFinished = (folder: RunFolder): boolean => existsSync(join(folder.path, FINISHED));

/** @throws SparseError MISSING_FILE where the member is not finished, BAD_FILE naming what is not as it was then */
export async function verifyFinished(folder: RunFolder): Promise<void> {
  const path = join(folder.path, FINISHED);
  const text = new TextDecoder().decode(await readFileOrExplain(path, 'what a finished member leaves'));
  const { success, data } = MEMBER.safeParse(jsonIn(text));
  if (!success) throw new SparseError('BAD_FILE', path, 'what freetickets train-member wrote', new Error('something else'));
  for (const [name, hash] of Object.entries(data.files)) {
    const file = join(folder.path, name);
    if ((await hashOf(file).catch(() => 'no readable file')) !== hash)
      throw new SparseError('BAD_FILE', file, 'the file that the member ended with', new Error('another, or none'));
  }
}

/** @param reason a sentence */
export async function writeFailed(folder: RunFolder, reason: string): Promise<void> {
  await folder.writeJson(FAILED, { reason });
}

/** The reason; undefined where the member has not failed. */
export async function failureOf(folder: RunFolder): Promise<string | undefined> {
  const text = await readFile(join(folder.path, FAILED), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { reason } = (jsonIn(text) ?? {}) as { readonly reason?: unknown };
  return typeof reason === 'string' ? reason : 'for a reason that cannot be read';
}

/** When it is tried again. */
export async function forgetFailure(folder: RunFolder): Promise<void> {
  await rm(join(folder.path, FAILED), { force: true });
}

async function filesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !isLease(entry.name) && ![FINISHED, FAILED].includes(entry.name));
  return files.map((entry) => relative(path, join(entry.parentPath, entry.name))).sort();
}

const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

function jsonIn(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined; // which is neither file
  }
}
