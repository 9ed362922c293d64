/** Tasks of a run or a sweep, handed to whatever runs them: Slurm, Kubernetes, other machines by ssh, or processes here. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SparseError } from '@freetickets/sparse-core';
import { makeFolder, writeFileAtomic } from '@freetickets/sparse-core/node';
import { kubernetesJob } from './kubernetes-job.ts';
import { shellWords } from './shell-words.ts';
import { slurmScript } from './slurm-script.ts';
import { statusOf } from './status.ts';
import { type Place, runTasks, type TaskEnd } from './task-pool.ts';
import type { Task } from './tasks.ts';

const run = promisify(execFile);

export const CLUSTER_ENGINES = ['slurm', 'kubernetes', 'ssh', 'local'] as const;
export type ClusterEngine = (typeof CLUSTER_ENGINES)[number];

export interface SubmitOptions {
  readonly engine: ClusterEngine;
  /** Print what would be handed over, and hand over nothing. */
  readonly dryRun?: boolean;
  /** Processors of a task, and its threads. */
  readonly cpus: number;
  readonly memory?: string | undefined;
  /** Tasks at a time. */
  readonly parallel?: number | undefined;
  readonly retries: number;
  /** How the command is called where tasks run; its words are told apart by spaces. */
  readonly command?: string | undefined;
  /** Options of `train-member`, which are those of the machine and not of the run. */
  readonly flags: readonly string[];
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  readonly sbatch?: readonly string[] | undefined;
  readonly image?: string | undefined;
  readonly claim?: string | undefined;
  readonly mount?: string | undefined;
  readonly queue?: string | undefined;
  readonly namespace?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  /** The ssh command with its options; its words are told apart by spaces. */
  readonly ssh?: string | undefined;
}

export interface Submitted {
  readonly path: string;
  readonly engine: ClusterEngine;
  /** Tasks that are not finished. */
  readonly tasks: number;
  /** The members of every run were assembled already, or trained in one process. */
  readonly isWhole: boolean;
  /** What was, or would be, handed over. */
  readonly document?: string;
  /** What Slurm or Kubernetes call it. */
  readonly job?: string;
  /** Of the engines that wait for their tasks. */
  readonly ends?: Readonly<Record<TaskEnd, number>>;
}

/** @throws SparseError RUNTIME_UNAVAILABLE when the engine's own command fails, and as `statusOf` */
export async function submit(path: string, options: SubmitOptions, say: (line: string) => void, signal: AbortSignal): Promise<Submitted> {
  const at = resolve(path);
  checkNeeds(at, options);
  const { members, isWhole } = await statusOf(at);
  const tasks = members.filter(({ state }) => state !== 'finished');
  const what = { path, engine: options.engine, tasks: tasks.length, isWhole };
  if (tasks.length === 0) return what;
  if (options.engine === 'slurm') return { ...what, ...(await toSlurm(at, tasks, options)) };
  if (options.engine === 'kubernetes') return { ...what, ...(await toKubernetes(at, members.length, options)) };
  const places = placesOf(at, options);
  if (options.dryRun) return { ...what, document: tasks.map((task, i) => shellWords(places[i % places.length]!.command(task))).join('\n') };
  const ends = await runTasks(tasks, places, { retries: options.retries, signal, say, pauseMs: 5000 });
  const count = (wanted: TaskEnd) => [...ends.values()].filter((end) => end === wanted).length;
  return { ...what, ends: { finished: count('finished'), failed: count('failed'), stopped: count('stopped') } };
}

async function toSlurm(at: string, tasks: readonly Task[], options: SubmitOptions): Promise<Pick<Submitted, 'document' | 'job'>> {
  const { cpus, memory, parallel, retries, time, partition, sbatch = [], dryRun = false } = options;
  const logs = join(at, 'submit');
  const indices = tasks.map(({ index }) => index);
  const command = taskCommand(at, options);
  const document = slurmScript({ name: nameOf(at), logs, indices, cpus, memory, parallel, retries, time, partition, sbatch, command });
  if (dryRun) return { document };
  const script = join(logs, 'slurm.sh');
  await makeFolder(logs);
  await writeFileAtomic(script, document);
  return { document, job: (await ask('sbatch', ['--parsable', script])).split(';')[0]! };
}

async function toKubernetes(at: string, count: number, options: SubmitOptions): Promise<Pick<Submitted, 'document' | 'job'>> {
  const { cpus, memory, parallel, retries, queue, namespace, image = '', claim = '', dryRun = false } = options;
  const mount = mountOf(at, options);
  const command = taskCommand(at, { ...options, command: options.command ?? 'freetickets' });
  const name = nameOf(at);
  const job = kubernetesJob({ name, namespace, image, claim, mount, queue, tasks: count, cpus, memory, parallel, retries, command });
  const document = `${JSON.stringify(job, null, 2)}\n`;
  if (dryRun) return { document };
  const file = join(at, 'submit', 'job.json');
  await makeFolder(dirname(file));
  await writeFileAtomic(file, document);
  await ask('kubectl', ['apply', '--filename', file]);
  return { document, job: name };
}

/** Before anything is read. @throws SparseError INVALID_CONFIG for what the engine cannot do without */
function checkNeeds(at: string, { engine, image, claim, mount, hosts = [] }: SubmitOptions): void {
  const refuse = (option: string, expected: string, received: unknown = new Error('nothing')) => {
    throw new SparseError('INVALID_CONFIG', option, expected, received);
  };
  if (engine === 'ssh' && hosts.length === 0) refuse('--hosts', 'machines that ssh reaches');
  if (engine !== 'kubernetes') return;
  if (image === undefined) refuse('--image', 'the container image with the freetickets command');
  if (claim === undefined) refuse('--claim', 'the PersistentVolumeClaim with the runs and their data');
  if (relative(mountOf(at, { mount }), at).startsWith('..')) refuse('--mount', `a folder that ${at} is in`, mount);
}

const mountOf = (at: string, { mount }: Pick<SubmitOptions, 'mount'>): string => resolve(mount ?? dirname(at));

function placesOf(at: string, options: SubmitOptions): readonly Place[] {
  const { engine, parallel = 1, hosts = [], ssh = 'ssh' } = options;
  const member = (task: Task) => ['--member', String(task.index)];
  if (engine === 'local') {
    const [program, ...args] = taskCommand(at, options) as [string, ...string[]];
    const command = (task: Task) => [program, ...args, ...member(task)] as const;
    return Array.from({ length: parallel }, () => ({ name: 'this machine', command, stopSignal: 'SIGUSR1' as const }));
  }
  const words = taskCommand(at, { ...options, command: options.command ?? 'freetickets' });
  const [program, ...connect] = wordsOf(ssh) as [string, ...string[]];
  // A terminal at the other end (-tt) passes the end of the connection on as a hang-up, at which a task saves and ends.
  const command = (host: string) => (task: Task) =>
    [program, ...connect, '-tt', '-o', 'BatchMode=yes', host, shellWords([...words, ...member(task)])] as const;
  return hosts.map((host) => ({ name: host, command: command(host), stopSignal: 'SIGTERM' as const }));
}

/** Sources are run by tests; a task is always the compiled file. */
const MAIN = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/main.js' : '../main.js', import.meta.url));

function taskCommand(at: string, { command, cpus, flags }: SubmitOptions): string[] {
  const program = command === undefined ? [process.execPath, MAIN] : wordsOf(command);
  return [...program, 'train-member', '--quiet', '--run', at, '--threads', String(cpus), ...flags];
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** That of the folder as far as it may stand in the name of a Kubernetes object, and eight digits of its path. */
function nameOf(at: string): string {
  const digits = createHash('sha256').update(at).digest('hex').slice(0, 8);
  const own = basename(at)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 30);
  return ['freetickets', ...own.split('-').filter(Boolean), digits].join('-');
}

/** Runs a scheduler's own command. @returns what it said */
async function ask(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, args)).stdout.trim();
  } catch (cause) {
    const { code, stderr, message } = cause as { code: number | string; stderr: string; message: string };
    const why = typeof code === 'string' ? `none on the PATH (${message})` : `exit code ${code}: ${stderr.trim()}`;
    throw new SparseError('RUNTIME_UNAVAILABLE', program, 'a command that takes the tasks', new Error(why), '', { cause });
  }
}
