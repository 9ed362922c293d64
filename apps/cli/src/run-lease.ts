/**
 * One process at a time writes to a folder, also where several machines share it. Whoever works there holds a lease, `lease-<token>.json`, whose
 * time it keeps setting anew; tokens only rise. A lease is over when its holder gave it back, when its process is known to have ended,
 * or when it was not renewed for a minute. A holder that was only asleep finds its file gone and is refused its next save: `check` is
 * what every save asks before it renames.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { z } from 'zod';

const NAME = /^lease-(\d+)\.json$/;

/** Whether a file in a folder is a lease, and not what the folder is for. */
export const isLease = (name: string): boolean => NAME.test(name);

const HOLDER = z.object({ id: z.string(), host: z.string(), machine: z.string(), pid: z.number(), startedAt: z.string() });
type Holder = z.output<typeof HOLDER>;

/** After how long without a sign of life a lease is over. Renewed four times as often. */
const leaseSeconds = (): number => Number(process.env.FREETICKETS_LEASE_SECONDS) || 60;

export class RunLease implements AsyncDisposable {
  /** Higher than that of every holder before. */
  readonly token: number;
  readonly #folder: string;
  readonly #path: string;
  readonly #text: string;
  readonly #file: FileHandle;
  readonly #renewal: NodeJS.Timeout;

  private constructor(folder: string, token: number, text: string, file: FileHandle) {
    this.token = token;
    this.#folder = folder;
    this.#path = pathOf(folder, token);
    this.#text = text;
    this.#file = file;
    // Written and not touched, for a file server's clock must say when. A renewal that fails is noticed by `check`.
    const renew = () => void file.write(text, 0).catch(() => {});
    this.#renewal = setInterval(renew, (leaseSeconds() * 1000) / 4).unref();
  }

  /**
   * @param folder has to exist
   * @throws SparseError ALREADY_EXISTS when somebody else works in the folder
   */
  static async take(folder: string): Promise<RunLease> {
    const before = await tokensIn(folder);
    const current = before.at(-1);
    if (current !== undefined) await refuseIfHeld(folder, current);
    const token = Math.max((current ?? 0) + 1, Date.now());
    const text = JSON.stringify(thisProcess());
    const file = await open(pathOf(folder, token), 'wx').catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST'
        ? held(folder, 'one that another process has just begun with')
        : new SparseError('INVALID_ARGUMENT', folder, 'a folder to write in', error, '', { cause: error });
    });
    const lease = new RunLease(folder, token, text, file);
    try {
      await file.write(text, 0);
      // Between the look and the taking somebody may have taken a higher one.
      if ((await tokensIn(folder)).at(-1) !== token) throw held(folder, 'one that another process has just begun with');
      for (const old of before) await rm(pathOf(folder, old), { force: true });
      return lease;
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws SparseError ALREADY_EXISTS when somebody else has taken over */
  async check(): Promise<void> {
    if ((await readFile(this.#path, 'utf8').catch(() => '')) === this.#text) return;
    throw held(this.#folder, 'one that another process took over, because this one gave no sign of life');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {}); // what stays is known to be over when this process has ended
  }
}

const pathOf = (folder: string, token: number): string => join(folder, `lease-${token}.json`);

const held = (folder: string, what: string): SparseError =>
  new SparseError('ALREADY_EXISTS', folder, 'a run that nobody else works on', new Error(what));

async function tokensIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => Number(NAME.exec(name)?.[1] ?? [])).sort((a, b) => a - b);
}

async function refuseIfHeld(folder: string, token: number): Promise<void> {
  const path = pathOf(folder, token);
  const holder = await readHolder(path);
  if (holder && holder.machine === thisMachine() && !lives(holder)) return;
  const idle = await idleSeconds(folder, path);
  if (idle === undefined || idle > leaseSeconds()) return;
  const who = holder ? `process ${holder.pid} of ${holder.host}` : 'another process';
  throw held(folder, `one that ${who} trains`);
}

/** Undefined for one that is just being written, or was cut off by a full disk. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return HOLDER.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** By the clock of whoever keeps the files: machines that share them need not agree on the time. Undefined when the lease has gone. */
async function idleSeconds(folder: string, path: string): Promise<number | undefined> {
  const probe = join(folder, `.lease.${randomUUID()}.tmp`);
  try {
    await writeFileAtomic(probe, '');
    const [now, then] = await Promise.all([stat(probe), stat(path).catch(() => undefined)]);
    return then && (now.mtimeMs - then.mtimeMs) / 1000;
  } finally {
    await rm(probe, { force: true });
  }
}

const thisProcess = (): Holder => ({
  id: randomUUID(),
  host: hostname(),
  machine: thisMachine(),
  pid: process.pid,
  startedAt: startOf(process.pid),
});

/** Where process numbers mean the same: host, since when it runs, and namespace. */
function thisMachine(): string {
  const told = (tell: () => string) => {
    try {
      return tell().trim();
    } catch {
      return '';
    }
  };
  return [
    hostname(),
    told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    told(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
}

/** Numbers of processes come again; together with their start they do not. */
function lives({ pid, startedAt }: Holder): boolean {
  if (existsSync('/proc/self/stat')) return startOf(pid) === startedAt;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** In ticks since the machine started (field 22 of /proc/PID/stat); empty where there is no such process, or no such file system. A zombie has ended. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return fields[0] === 'Z' ? '' : fields[19]!;
  } catch {
    return '';
  }
}
