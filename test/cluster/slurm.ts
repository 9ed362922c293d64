/**
 * A real Slurm for tests: one controller and one node on this machine, with all they keep below one folder, as the user who runs the tests. It
 * believes whoever reaches its ports, which are open on the address of the host's name only.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../e2e/free-port.ts';

const PATH = `${process.env.PATH}:/usr/sbin`;
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH } }).status === 0;

export const slurmWorks = ['slurmctld', 'slurmd', 'sbatch', 'scontrol'].every(has);
export const NO_SLURM = '(skipped: Slurm is not installed)';

/** Looks again and again, every `pause` milliseconds, until something is so; fails after `seconds`. */
export async function until(what: string, seconds: number, isSo: () => boolean, pause = 100): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await delay(pause);
  }
}

export class Slurm implements AsyncDisposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #daemons = new Map<Daemon, ChildProcess>();
  #saves = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { ...process.env, PATH, SLURM_CONF: join(folder, 'slurm.conf') };
  }

  /** @param patience seconds without a word from a node after which Slurm gives it up and requeues what ran there */
  static async start({ patience = 300 } = {}): Promise<Slurm> {
    // The node makes sockets in here, whose paths may not be long.
    const slurm = new Slurm(mkdtempSync(join(tmpdir(), 'slurm-')));
    for (const name of ['state', 'spool']) mkdirSync(join(slurm.folder, name));
    const { address } = await lookup(hostname(), { family: 4 });
    writeFileSync(slurm.env.SLURM_CONF!, configuration(slurm.folder, address, [await freePort(), await freePort()], patience));
    await slurm.startDaemon('slurmctld');
    await slurm.startDaemon('slurmd');
    return slurm;
  }

  /** Waits until it answers; of a node until Slurm gives it tasks. */
  async startDaemon(daemon: Daemon): Promise<void> {
    const log = openSync(join(this.folder, `${daemon}.log`), 'a');
    const child = spawn(daemon, ['-D', '-f', this.env.SLURM_CONF!], { env: this.env, stdio: ['ignore', log, log] });
    this.#daemons.set(daemon, child);
    const isUp = daemon === 'slurmctld' ? () => this.try('scontrol', 'ping') : () => /^(idle|mixed|allocated)$/.test(this.nodeState);
    await until(`${daemon} answers (see ${this.folder}/${daemon}.log)`, 60, isUp);
  }

  async killDaemon(daemon: Daemon): Promise<void> {
    const child = this.#daemons.get(daemon)!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  try(program: string, ...args: readonly string[]): boolean {
    return spawnSync(program, args, { env: this.env }).status === 0;
  }

  /** @returns what it said on standard output */
  call(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { env: this.env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  get nodeState(): string {
    return spawnSync('sinfo', ['--noheader', '--format', '%T'], { env: this.env, encoding: 'utf8' }).stdout.trim();
  }

  /** A field of one task, `12_3`, as `scontrol show job` has it; empty where there is no such task any more. */
  field(task: string, name: string): string {
    const { stdout } = spawnSync('scontrol', ['show', 'job', task], { env: this.env, encoding: 'utf8' });
    return new RegExp(`\\b${name}=(\\S*)`).exec(stdout)?.[1] ?? '';
  }

  /** Whether Slurm has neither waiting nor running tasks of a job. */
  isOver(job: string): boolean {
    const { status, stdout, stderr } = spawnSync('squeue', ['--noheader', '--jobs', job], { env: this.env, encoding: 'utf8' });
    return status === 0 ? stdout.trim() === '' : /Invalid job id/.test(stderr);
  }

  /**
   * Waits until all that the controller knows is on its disk, where it writes every few seconds: what it does not find there it has forgotten.
   * @param task of those that are not over: of others it changes nothing
   */
  async saved(task: string): Promise<void> {
    const mark = `saved-${++this.#saves}`;
    this.call('scontrol', 'update', `JobId=${task}`, `Comment=${mark}`);
    // A save that was under way already has no such comment in it.
    await until('the controller has saved its state', 60, () =>
      readFileSync(join(this.folder, 'state', 'job_state')).includes(`${mark}\0`),
    );
  }

  async over(job: string, seconds = 240): Promise<void> {
    await until(`job ${job} is over`, seconds, () => this.isOver(job));
  }

  /** Waits until a task is back in the queue, then ends the two minutes for which Slurm holds it there. */
  async release(task: string, seconds = 180): Promise<void> {
    await until(`${task} is held`, seconds, () => this.field(task, 'JobState') === 'PENDING' && this.field(task, 'Reason') === 'BeginTime');
    await delay(2000); // Slurm 22.05 fails a task that starts in the second in which it was ended
    this.call('scontrol', 'update', `JobId=${task}`, 'StartTime=now');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.try('scancel', '--user', userInfo().username);
    await until(
      'all tasks are gone',
      60,
      () => spawnSync('squeue', ['--noheader'], { env: this.env, encoding: 'utf8' }).stdout.trim() === '',
    );
    for (const daemon of [...this.#daemons.keys()].reverse()) await this.killDaemon(daemon);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Daemon = 'slurmctld' | 'slurmd';

function configuration(folder: string, address: string, [controllerPort, nodePort]: readonly number[], patience: number): string {
  const host = hostname().split('.')[0]!;
  const { username } = userInfo();
  return `ClusterName=test
SlurmctldHost=${host}(${address})
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/none
CredType=cred/none
SlurmUser=${username}
SlurmdUser=${username}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,batch_sched_delay=1
KillWait=5
SlurmdTimeout=${patience}
ReturnToService=2
NodeName=${host} NodeAddr=${address} CPUs=${Math.max(2, cpus().length)} State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}
