/**
 * One process at a time writes to a folder, also where several machines share it. Whoever works there holds a lease, a file whose time it keeps
 * setting anew and whose name says who it is: `lease-<token>-<machine>-<process>-<its start>.json`; tokens only rise. A lease is over
 * when its holder gave it back, when its process is known to have ended, or when it was not renewed for a minute. A holder that was only
 * asleep finds its file gone and is refused its next save: `check` is what every save asks before it renames.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SparseError } from '@freetickets/sparse-core';
import { explainWriteError, writeFileAtomic } from '@freetickets/sparse-core/node';

const NAME = /^lease-(\d+)-([0-9a-f]{8})-(\d+)-(\d*)\.json$/;

/** Whether a file in a folder is a lease, and not what the folder is for. */
export const isLease = (name: string): boolean => NAME.test(name);

/** After how long without a sign of life a lease is over. Renewed four times as often. */
const LEASE_SECONDS = 60;

/** How often two that ask at the same moment both step back, before they are refused. */
const ATTEMPTS = 5;

let lastToken = 0;

export class RunLease implements AsyncDisposable {
  /** Higher than that of every holder before. */
  readonly token: number;
  readonly #folder: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #renewal: NodeJS.Timeout;

  private constructor(folder: string, name: string, file: FileHandle) {
    this.token = tokenOf(name);
    this.#folder = folder;
    this.#path = join(folder, name);
    this.#file = file;
    // Written and not touched, for a file server's clock must say when. The text is for people; a renewal that fails is noticed by `check`.
    const text = `${JSON.stringify({ host: hostname(), process: process.pid, since: new Date().toISOString() })}\n`;
    const renew = () => void file.write(text, 0).catch(() => {});
    renew();
    this.#renewal = setInterval(renew, (LEASE_SECONDS * 1000) / 4).unref();
  }

  /**
   * @param folder has to exist
   * @throws SparseError ALREADY_EXISTS when somebody else works in the folder; as `writeFileAtomic` when it cannot be written to
   */
  static async take(folder: string): Promise<RunLease> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const lease = await RunLease.#attempt(folder);
      if (lease) return lease;
      await delay(20 + 80 * Math.random());
    }
    throw held(folder, 'one that others begin with at the same moment');
  }

  /** Undefined when somebody else did the same at the same time: whoever comes second sees the first, so at most one of them goes on. */
  static async #attempt(folder: string): Promise<RunLease | undefined> {
    const before = await leasesIn(folder);
    for (const name of before) await refuseIfHeld(folder, name);
    const name = nextName(before);
    const file = await open(join(folder, name), 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw explainWriteError(error, join(folder, name), 0);
    });
    if (!file) return undefined;
    const lease = new RunLease(folder, name, file);
    try {
      const alone = (await leasesIn(folder)).every((other) => other === name || before.includes(other));
      if (alone) {
        for (const old of before) await rm(join(folder, old), { force: true });
        return lease;
      }
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw explainWriteError(error, folder, 0);
    }
    await lease[Symbol.asyncDispose]();
    return undefined;
  }

  /** @throws SparseError ALREADY_EXISTS when somebody else has taken over */
  async check(): Promise<void> {
    if (existsSync(this.#path)) return;
    throw held(this.#folder, 'one that another process took over, because this one gave no sign of life');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {}); // what stays is known to be over when this process has ended
  }
}

export interface LeaseHolder {
  readonly host: string;
  readonly process: number;
}

/** Who works in a folder, as far as this can be told without writing there: machines whose clocks differ by a minute may be told wrongly. */
export async function leaseHolder(folder: string): Promise<LeaseHolder | undefined> {
  for (const name of await leasesIn(folder).catch(() => [])) {
    const [, , machine, pid, start] = NAME.exec(name)!;
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }));
    const isOver = machine === thisMachine() ? !lives(Number(pid), start!) : Date.now() - mtimeMs > LEASE_SECONDS * 1000;
    if (!isOver) return { host: await hostIn(folder, name), process: Number(pid) };
  }
  return undefined;
}

const held = (folder: string, what: string): SparseError =>
  new SparseError('ALREADY_EXISTS', folder, 'a run that nobody else works on', new Error(what));

const leasesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).filter(isLease);

const tokenOf = (name: string): number => Number(NAME.exec(name)![1]);

function nextName(before: readonly string[]): string {
  lastToken = Math.max(lastToken + 1, Date.now(), ...before.map((name) => tokenOf(name) + 1));
  return `lease-${lastToken}-${thisMachine()}-${process.pid}-${startOf(process.pid)}.json`;
}

async function refuseIfHeld(folder: string, name: string): Promise<void> {
  const [, , machine, pid, start] = NAME.exec(name)!;
  if (machine === thisMachine() && !lives(Number(pid), start!)) return;
  const idle = await idleSeconds(folder, name);
  if (idle === undefined || idle > LEASE_SECONDS) return;
  throw held(folder, `one that process ${pid} of ${await hostIn(folder, name)} trains`);
}

async function hostIn(folder: string, name: string): Promise<string> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  return /"host":"([^"]*)"/.exec(text)?.[1] ?? 'another machine';
}

/** By the clock of whoever keeps the files: machines that share them need not agree on the time. Undefined when the lease has gone. */
async function idleSeconds(folder: string, name: string): Promise<number | undefined> {
  const probe = join(folder, `.lease.${randomUUID()}.tmp`);
  const look = async () => {
    await writeFileAtomic(probe, '');
    return Promise.all([stat(probe), stat(join(folder, name)).catch(() => undefined)]);
  };
  try {
    // Whoever holds the lease sweeps temporary files away as it begins, once: the second look finds its own.
    const [now, then] = await look().catch(look);
    return then && (now.mtimeMs - then.mtimeMs) / 1000;
  } finally {
    await rm(probe, { force: true });
  }
}

/** Where process numbers mean the same: host, since when it runs, and name space, in eight digits. */
function thisMachine(): string {
  const told = (tell: () => string) => {
    try {
      return tell().trim();
    } catch {
      return '';
    }
  };
  const boot = told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const space = told(() => readlinkSync('/proc/self/ns/pid'));
  return createHash('sha256').update([hostname(), boot, space].join(' ')).digest('hex').slice(0, 8);
}

/** Numbers of processes come again; together with their start they do not. */
function lives(pid: number, start: string): boolean {
  if (existsSync('/proc/self/stat')) return startOf(pid) === start;
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
