/**
 * A batch script for Slurm: an array with one task for each member. The task's exit code decides what becomes of it (see docs/clusters.md);
 * Slurm asks it to stop by SIGUSR1 before its time is up. Everything else (partitions, limits, requeueing after a node's failure) is Slurm's.
 */
import { EXIT } from '../exit.ts';
import { shellWords } from './shell-words.ts';

export interface SlurmOptions {
  /** Of the job. */
  readonly name: string;
  /** Where the tasks' output goes; an absolute path. */
  readonly logs: string;
  /** Of tasks, rising. */
  readonly indices: readonly number[];
  /** Processors of a task. */
  readonly cpus: number;
  /** Tasks at a time; absent: as many as Slurm lets. */
  readonly parallel?: number | undefined;
  /** Of one try of a task, as sbatch takes it. */
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  /** As sbatch takes it. */
  readonly memory?: string | undefined;
  /** Further options of sbatch, such as `--account=physics`. */
  readonly sbatch: readonly string[];
  /** What a task runs; its index comes from the environment. */
  readonly command: readonly string[];
  /** How often a task that ended otherwise than by its contract, such as by a kill, is tried again. */
  readonly retries: number;
}

/** Seconds before the end of its time at which a task is asked to stop. Slurm looks once a minute or so, and may ask up to a minute earlier. */
const NOTICE_SECONDS = 60;

export function slurmScript(options: SlurmOptions): string {
  const { name, logs, indices, cpus, parallel, time, partition, memory, sbatch, command, retries } = options;
  const limit = parallel === undefined ? '' : `%${parallel}`;
  const directives = [
    `--job-name=${name}`,
    `--array=${ranges(indices)}${limit}`,
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    ...(memory === undefined ? [] : [`--mem=${memory}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    '--requeue',
    `--signal=B:USR1@${NOTICE_SECONDS}`,
    '--open-mode=append',
    `--output="${logs.replaceAll('%', '%%')}/%A_%a.log"`,
    ...sbatch,
  ];
  return `#!/bin/bash
${directives.map((directive) => `#SBATCH ${directive}`).join('\n')}

# Slurm tells this shell alone that the time is up, or that the task is cancelled; the task then saves a checkpoint and ends with ${EXIT.resume}.
asked=''
cancelled=''
stop() { # again and again, for a task that has only just begun does not listen yet
  asked=1
  while kill -USR1 "$task"; do sleep 5; done 2>/dev/null &
}
trap stop USR1
trap 'cancelled=1; stop' TERM

${shellWords(command)} &
task=$!
wait "$task"
code=$?
while [ -n "$asked" ]; do # a signal ends the waiting, not the task
  asked=''
  wait "$task"
  code=$?
done

try=\${SLURM_RESTART_COUNT:-0}
me=\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}
case $code in
  0) exit 0 ;; # finished
  2 | ${EXIT.permanent}) exit "$code" ;; # trying again will not help
  ${EXIT.resume}) ;; # saved, or somebody else trains this member
  *)
    failures=${shellWords([logs])}/$me.failures
    echo "$code" >>"$failures"
    [ "$(wc -l <"$failures")" -le ${retries} ] || exit "$code"
    ;;
esac
[ -z "$cancelled" ] || exit "$code"
# Where Slurm has taken this node for dead, the task may run on another one by now: that one is not to be stopped.
scontrol show job "$me" | grep -qw "Restarts=$try" || exit "$code"
echo "task $me ended with $code and goes back to the queue" >&2
scontrol requeue "$me"
exit "$code"
`;
}

/** 0, 1, 2, 5 -> 0-2,5 */
function ranges(indices: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < indices.length; ) {
    let end = i;
    while (indices[end + 1] === indices[end]! + 1) end++;
    parts.push(end === i ? `${indices[i]}` : `${indices[i]}-${indices[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}
