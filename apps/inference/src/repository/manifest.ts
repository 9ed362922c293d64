// `manifest.json` in a version's folder lists its files with their SHA-256. A version that has one is taken only when every file is
// whole, so a folder that is still being copied is not loaded by halves.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';

/** Digests of files that did not change since. */
const known = new Map<string, { readonly state: string; readonly sha256: string }>();

/** What is wrong with a version's folder, or undefined; `absent` when it has no manifest. */
export async function checkManifest(folder: string): Promise<'absent' | string | undefined> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return 'absent';
  const files = filesOf(text);
  if (files === undefined) return 'manifest.json: expected {"files": {"model.onnx": {"sha256": ...}}}';
  for (const [name, sha256] of files) {
    if (normalize(name) !== name || name.startsWith('..') || name.startsWith('/')) return `manifest.json: ${name} is outside the folder`;
    const path = join(folder, name);
    const found = await digest(path).catch(() => undefined);
    if (found === undefined) return `${name} is not there yet`;
    if (found !== sha256) return `${name} is not what manifest.json says it is`;
  }
  return undefined;
}

function filesOf(text: string): readonly (readonly [string, string])[] | undefined {
  try {
    const { files } = JSON.parse(text) as { files: Record<string, { sha256: string }> };
    const entries = Object.entries(files).map(([name, { sha256 }]) => [name, sha256.toLowerCase()] as const);
    return entries.length > 0 ? entries : undefined;
  } catch {
    return undefined; // half written, or no manifest of ours
  }
}

/** SHA-256 of a file, computed anew only when the file is another. */
export async function digest(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  const state = `${size} ${mtimeMs} ${ino}`;
  const before = known.get(path);
  if (before?.state === state) return before.sha256;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  known.set(path, { state, sha256 });
  return sha256;
}
