/** The options of `freetickets train-member`, and how a task learns which it is. */
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { taskAt } from '../cluster/tasks.ts';
import { type MemberResult, trainMember } from '../cluster/train-member.ts';
import { EXIT, explain, taskExitCodeOf } from '../exit.ts';
import { CIRCUMSTANCES, type Flags } from '../experiment-fields.ts';
import { addCommand, type Common, wholeNumber, withFields, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { durationText } from '../text.ts';

interface MemberFlags extends Common, Flags {
  readonly run: string;
  readonly member?: string;
}

/** In this order: what Slurm gives the tasks of an array, and Kubernetes those of an Indexed Job. */
const VARIABLES = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'] as const;

export function trainMemberCommand(root: Command, stopSignal: () => AbortSignal): void {
  const command = addCommand(root, 'train-member', 'Trains one member of a prepared run or sweep, as a task of a scheduler.', [
    'train --method dst --tickets 8 --out runs/dst --prepare',
    'train-member --run runs/dst --member 3',
  ])
    .requiredOption('--run <DIR>', 'folder that train --prepare or sweep --prepare has made')
    .addOption(new Option('--member <I>', `counted from 0, in a sweep over all runs; default: ${VARIABLES.join(' or ')}`));
  withOutput(withFields(command, CIRCUMSTANCES)).action(async ({ json, quiet, run, member, ...flags }: MemberFlags) => {
    const speak = talk({ json, quiet });
    const signal = AbortSignal.any([stopSignal(), hangUp()]);
    try {
      const result = await trainMember(await taskAt(run, indexOf(member)), speak, { signal }, flags);
      speak.result(result, memberText(result));
      if (!result.finished) process.exitCode = EXIT.resume;
    } catch (error) {
      process.stderr.write(`${explain(error)}\n`);
      process.exitCode = taskExitCodeOf(error);
    }
  });
}

/** Of the terminal that ssh has given a task. */
function hangUp(): AbortSignal {
  const stop = new AbortController();
  process.on('SIGHUP', () => stop.abort());
  return stop.signal;
}

function indexOf(typed: string | undefined): number {
  const name = VARIABLES.find((variable) => process.env[variable] !== undefined);
  if (typed !== undefined) return wholeNumber('--member', typed, 0);
  if (name !== undefined) return wholeNumber(name, process.env[name]!, 0);
  throw new SparseError('INVALID_CONFIG', '--member', `a number, or one in ${VARIABLES.join(' or ')}`, new Error('nothing'));
}

function memberText({ run, member, finished, seconds }: MemberResult): string {
  if (!finished) return `member ${member} of ${run}: stopped; the same command goes on`;
  return `member ${member} of ${run}: finished${seconds === undefined ? ' before' : ` after ${durationText(seconds)} of training`}`;
}
