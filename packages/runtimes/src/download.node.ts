/**
 * A pinned file on this disk: from a folder, from what an earlier run has downloaded, over HTTP, or through pip or npm. Whatever way it came,
 * it is used only when its SHA-256 is the pinned one. A broken download stays as `*.part` and the next run goes on behind its last byte.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bytesText, SparseError } from '@freetickets/sparse-core';
import { explainWriteError } from '@freetickets/sparse-core/node';
import type { Response } from 'undici';
import { remedyFor } from './indexes.node.ts';
import { locate } from './locate.node.ts';
import { byPackageManager } from './package-manager.node.ts';
import type { Pin } from './pin.ts';
import { failed, Refusal, request } from './request.node.ts';

export interface DownloadOptions {
  /** Where downloads are kept. */
  readonly folder: string;
  /** Take files from here and use no network. */
  readonly from?: string | undefined;
  /** Bytes of the pin that are on the disk so far. */
  readonly onProgress?: ((pin: Pin, doneBytes: number) => void) | undefined;
  /** What did not work and what is tried now, in a line. */
  readonly onTrouble?: ((what: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Attempts without one new byte before a download is given up. */
const ATTEMPTS = 3;

/**
 * @returns the path of the file
 * @throws SparseError MISSING_FILE (not in `from`), BAD_FILE (another checksum), DOWNLOAD_FAILED, DISK_FULL; AbortError
 */
export async function download(pin: Pin, options: DownloadOptions): Promise<string> {
  const { folder, from, onProgress } = options;
  const path = join(from ?? folder, pin.file);
  let reported = 0;
  const report = (_pin: Pin, doneBytes: number) => {
    if (doneBytes !== reported) onProgress?.(pin, doneBytes);
    reported = doneBytes;
  };
  if (from !== undefined) await checkFrom(pin, path);
  else if ((await sizeOf(path)) !== pin.sizeBytes || (await sha256Of(path)) !== pin.sha256)
    await fetchInto(pin, path, { ...options, onProgress: report });
  report(pin, pin.sizeBytes);
  return path;
}

async function checkFrom(pin: Pin, path: string): Promise<void> {
  const where = pin.from === 'pypi' ? `pip download --no-deps ${pin.name}==${pin.version}` : `npm pack ${pin.name}@${pin.version}`;
  if ((await sizeOf(path)) === undefined) throw new SparseError('MISSING_FILE', path, 'this file', new Error('nothing'), `See: ${where}`);
  const sha256 = await sha256Of(path);
  if (sha256 !== pin.sha256) throw wrong(pin, path, sha256);
}

async function fetchInto(pin: Pin, path: string, options: DownloadOptions): Promise<void> {
  await mkdir(options.folder, { recursive: true });
  const part = `${path}.part`;
  const hadPart = (await sizeOf(part)) !== undefined;
  try {
    await overHttp(pin, part, options);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return fetchOtherwise(pin, path, error, options);
  }
  const sha256 = await sha256Of(part);
  if (sha256 === pin.sha256) return rename(part, path);
  await rm(part);
  // What an earlier run has left may have been at fault: once from the beginning, then.
  if (!hadPart) throw wrong(pin, path, sha256);
  await fetchInto(pin, path, options);
}

/** pip and npm may know of an index, a password or a certificate that nothing here knows of. */
async function fetchOtherwise(pin: Pin, path: string, refusal: Refusal, { folder, onTrouble, signal }: DownloadOptions): Promise<void> {
  const tool = pin.from === 'npm' ? 'npm' : 'pip';
  onTrouble?.(`${refusal.message}; asking ${tool}, which may know another way, for ${bytesText(pin.sizeBytes)}: it is silent meanwhile`);
  const why = await byPackageManager(pin, folder, signal);
  if (why === undefined && (await sha256Of(path)) === pin.sha256) return;
  signal?.throwIfAborted();
  if (why === undefined) await rm(path);
  onTrouble?.(`${tool} has not got it: ${why ?? 'what it fetched has another checksum'}`);
  const received = new Error(`${refusal.reason}, and nothing by ${tool}`);
  throw new SparseError('DOWNLOAD_FAILED', refusal.url, pin.file, received, remedyFor(refusal.url, pin.from), { cause: refusal });
}

const wrong = (pin: Pin, path: string, sha256: string): SparseError =>
  new SparseError(
    'BAD_FILE',
    path,
    `the SHA-256 ${pin.sha256}`,
    new Error(sha256),
    `It is not ${pin.name} ${pin.version}; nothing was installed`,
  );

async function overHttp(pin: Pin, part: string, { onProgress, onTrouble, signal }: DownloadOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const had = (await sizeOf(part)) ?? 0;
    if (had === pin.sizeBytes) return;
    try {
      await append(pin, part, had < pin.sizeBytes ? had : 0, onProgress, signal);
      return;
    } catch (error) {
      if (signal?.aborted || !(error instanceof Refusal)) throw error;
      if (((await sizeOf(part)) ?? 0) > had) attempt = 0;
      else if (attempt === ATTEMPTS) throw error;
      onTrouble?.(`${error.message}; trying again${attempt === 0 ? ' from there' : ` (${attempt + 1} of ${ATTEMPTS})`}`);
    }
  }
}

/** What has been reported is on the disk, however the connection ends. */
async function append(pin: Pin, part: string, had: number, onProgress: DownloadOptions['onProgress'], signal?: AbortSignal): Promise<void> {
  const url = await locate(pin, signal);
  const response = await request(url, had > 0 ? { Range: `bytes=${had}-` } : {}, signal);
  // A server without ranges sends the whole file with status 200.
  const start = response.status === 206 ? had : 0;
  const file = await open(part, start > 0 ? 'a' : 'w').catch((error) => {
    throw explainWriteError(error, part, pin.sizeBytes);
  });
  try {
    let done = start;
    for await (const chunk of arriving(url, response, signal)) {
      if (done + chunk.length > pin.sizeBytes) {
        await rm(part, { force: true }); // nothing can be gone on with
        throw new SparseError('BAD_FILE', url, `${pin.sizeBytes} bytes`, new Error('more'), 'Nothing was installed');
      }
      await file.appendFile(chunk).catch((error) => {
        throw explainWriteError(error, part, pin.sizeBytes);
      });
      done += chunk.length;
      onProgress?.(pin, done);
    }
    if (done < pin.sizeBytes) throw failed(url, new Error(`${done} of ${pin.sizeBytes} bytes`));
  } finally {
    await file.close();
  }
}

/** @throws Refusal when the connection breaks; AbortError */
async function* arriving(url: string, { body }: Response, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: Error) => {
        signal?.throwIfAborted();
        throw failed(url, error);
      });
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const sizeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.size;

/** In hexadecimal digits. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
