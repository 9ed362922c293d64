/** The options of `freetickets submit`, and which of its engines reads which. */
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { CLUSTER_ENGINES, type ClusterEngine, type SubmitOptions, type Submitted, submit } from '../cluster/submit.ts';
import { EXIT } from '../exit.ts';
import { type Flags, flagOf } from '../experiment-fields.ts';
import { addCommand, type Common, wholeNumber, withFields, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { counted } from '../text.ts';

interface SubmitFlags extends Common, Omit<Flags, 'engine'> {
  readonly engine: ClusterEngine;
  readonly dryRun?: boolean;
  readonly cpus: string;
  readonly retries: string;
  readonly parallel?: string;
  readonly memory?: string;
  readonly command?: string;
  readonly time?: string;
  readonly partition?: string;
  readonly sbatch?: readonly string[];
  readonly image?: string;
  readonly claim?: string;
  readonly mount?: string;
  readonly queue?: string;
  readonly namespace?: string;
  readonly hosts?: string;
  readonly ssh?: string;
}

/** Options that only some engines read. */
const READERS: Partial<Record<keyof SubmitFlags, readonly ClusterEngine[]>> = {
  parallel: ['slurm', 'kubernetes', 'local'],
  memory: ['slurm', 'kubernetes'],
  time: ['slurm'],
  partition: ['slurm'],
  sbatch: ['slurm'],
  image: ['kubernetes'],
  claim: ['kubernetes'],
  mount: ['kubernetes'],
  queue: ['kubernetes'],
  namespace: ['kubernetes'],
  hosts: ['ssh'],
  ssh: ['ssh'],
};

/** The machine's and not the run's. Threads are those of --cpus. */
const FIELDS = ['data', 'loaderWorkers', 'checkpointEvery', 'keepCheckpoints'] as const;

const SLURM = 'Slurm:';
const KUBERNETES = 'Kubernetes:';

export function submitCommand(root: Command, stopSignal: () => AbortSignal): void {
  const command = addCommand(root, 'submit', 'Hands every member of a prepared run or sweep that is not finished to a scheduler.', [
    'submit runs/dst --engine slurm --time 4:00:00 --cpus 4 --parallel 8',
    'submit sweeps/methods --engine kubernetes --image example.org/freetickets:0.1.0 --claim runs --dry-run',
    'submit runs/dst --engine local --parallel 2',
  ])
    .argument('<DIR>', 'folder that train --prepare or sweep --prepare has made')
    .addOption(
      new Option('--engine <NAME>', 'what runs the tasks; local: processes on this machine').choices(CLUSTER_ENGINES).makeOptionMandatory(),
    )
    .addOption(new Option('--dry-run', 'print the script, the manifest or the commands, and do nothing'))
    .addOption(new Option('--cpus <N>', 'processors of a task').default('1'))
    .addOption(new Option('--parallel <N>', 'tasks at a time; default: all, of local 1'))
    .addOption(new Option('--memory <SIZE>', 'of a task, as the scheduler takes it'))
    .addOption(
      new Option('--retries <N>', 'tries more of a task that was killed; those that saved a checkpoint are not counted').default('20'),
    )
    .addOption(
      new Option('--command <TEXT>', 'how freetickets is called where tasks run; default: this program, of kubernetes and ssh freetickets'),
    )
    .addOption(new Option('--time <LIMIT>', 'of one try; a task saves before it is over, and goes on in the next').helpGroup(SLURM))
    .addOption(new Option('--partition <NAME>', 'that tasks run in').helpGroup(SLURM))
    .addOption(new Option('--sbatch <OPTION...>', 'further options, as in --sbatch=--account=physics').helpGroup(SLURM))
    .addOption(new Option('--image <NAME>', 'container image with the freetickets command').helpGroup(KUBERNETES))
    .addOption(new Option('--claim <NAME>', 'PersistentVolumeClaim with the runs and their data').helpGroup(KUBERNETES))
    .addOption(
      new Option('--mount <PATH>', 'where the claim is mounted, and lies here; default: the folder that DIR is in').helpGroup(KUBERNETES),
    )
    .addOption(new Option('--queue <NAME>', "Kueue's LocalQueue").helpGroup(KUBERNETES))
    .addOption(new Option('--namespace <NAME>', 'of the Job').helpGroup(KUBERNETES))
    .addOption(new Option('--hosts <NAME,...>', 'one task at a time on each; a name given twice gets two').helpGroup('ssh:'))
    .addOption(new Option('--ssh <TEXT>', 'the command that reaches them; default: ssh').helpGroup('ssh:'));
  withOutput(withFields(command, FIELDS)).action(async (path: string, given: SubmitFlags) => {
    checkReaders(given);
    const { json, quiet, dryRun = false, cpus, retries, parallel, hosts, ...others } = given;
    const speak = talk({ json, quiet });
    const options: SubmitOptions = {
      ...others,
      dryRun,
      cpus: wholeNumber('--cpus', cpus, 1, 1024),
      retries: wholeNumber('--retries', retries, 0),
      parallel: parallel === undefined ? undefined : wholeNumber('--parallel', parallel, 1),
      hosts: hosts?.split(',').filter(Boolean),
      flags: FIELDS.flatMap((name) => (given[name] === undefined ? [] : [flagOf(name), given[name]])),
    };
    const waits = !dryRun && (given.engine === 'ssh' || given.engine === 'local');
    const result = await submit(path, options, speak.say, waits ? stopSignal() : new AbortController().signal);
    speak.result(result, submitText(result, dryRun));
    if (result.ends?.stopped) process.exitCode = EXIT.resume;
    else if (result.ends?.failed) process.exitCode = EXIT.failed;
  });
}

/** @throws SparseError INVALID_CONFIG */
function checkReaders(given: SubmitFlags): void {
  for (const [name, engines] of Object.entries(READERS)) {
    const value = given[name as keyof SubmitFlags];
    if (value === undefined || engines.includes(given.engine)) continue;
    throw new SparseError('INVALID_CONFIG', `--${name}`, `no value, because only ${engines.join(', ')} would read it`, value);
  }
}

function submitText({ path, engine, tasks, isWhole, document, job, ends }: Submitted, dryRun: boolean): string {
  if (tasks === 0) return `every member is finished; next: freetickets ${isWhole ? 'evaluate' : 'assemble'} ${path}`;
  if (dryRun) return document!.trimEnd();
  const next =
    ends?.finished === tasks
      ? `next: freetickets assemble ${path}`
      : `see: freetickets status ${path}\nwhen all are finished: freetickets assemble ${path}`;
  if (!ends) return `${counted(tasks, 'task')} handed to ${engine} as ${job}\n${next}`;
  const { finished, failed, stopped } = ends;
  return `${counted(tasks, 'task')}: ${finished} finished, ${failed} failed, ${stopped} unfinished\n${next}`;
}
