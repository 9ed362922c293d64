/** `freetickets train`: a new run, one that goes on, one that is only prepared, or what one would be. */
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { EXIT } from '../exit.ts';
import { readExperimentFile, resolveExperiment } from '../experiment.ts';
import { CIRCUMSTANCES, FIELD_NAMES, type FieldName, type Flags, flagOf } from '../experiment-fields.ts';
import { addCommand, type Common, withFields, withOutput } from '../options.ts';
import { type Talk, talk } from '../talk.ts';
import { type TrackerFlags, trackersOf, withTrackers } from '../trackers/tracker-options.ts';
import { dryRun, dryRunText } from './dry-run.ts';
import { preparedText, prepareRun, resumeRun, startRun, type TrainResult, trainText } from './train.ts';

interface Manner {
  readonly out?: string | undefined;
  readonly config?: string | undefined;
  readonly resume?: string | undefined;
  readonly force?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly prepare?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** The options of `train`, each with its kind, and the voice and the end of the process. */
interface Asked {
  readonly manner: Manner;
  readonly trackers: ReturnType<typeof trackersOf>;
  readonly flags: Flags;
  readonly speak: Talk;
  readonly stopSignal: () => AbortSignal;
}

export function trainCommand(root: Command, stopSignal: () => AbortSignal): void {
  const command = addCommand(root, 'train', 'Trains tickets; each is one sparse member of an ensemble.', [
    'train --dataset mnist --data mnist/ --out runs/mnist',
    'train --config experiment.json --seed 18 --out runs/second',
    'train --config experiment.json --dry-run',
    'train --resume runs/mnist',
  ])
    .addOption(new Option('--out <DIR>', 'new folder for the run'))
    .addOption(new Option('--config <FILE>', 'experiment file (JSON); options given here win over it'))
    .addOption(
      new Option(
        '--resume <DIR>',
        `go on with the run in this folder; goes with ${CIRCUMSTANCES.map(flagOf).join(', ')} and the options to follow it only`,
      ),
    )
    .addOption(new Option('--dry-run', 'train and write nothing: print the plan, its cost, memory and time, by timing a few steps'))
    .addOption(new Option('--force', 'resume although data, experiment, engine or version are not what they were; the log says so'))
    .addOption(new Option('--strict', 'do not resume from an older checkpoint where the newest is damaged'))
    .addOption(new Option('--prepare', 'make the folder and train nothing: for submit'));
  withOutput(withFields(withTrackers(command), FIELD_NAMES)).action(
    async ({
      json,
      quiet,
      out,
      config,
      resume,
      force,
      strict,
      prepare,
      dryRun: dry,
      ui,
      tensorboard,
      mlflow,
      experiment,
      ...flags
    }: Common & Manner & TrackerFlags & Flags) => {
      const speak = talk({ json, quiet });
      const manner = { out, config, resume, force, strict, prepare, dryRun: dry };
      const asked = { manner, trackers: trackersOf({ ui, tensorboard, mlflow, experiment }), flags, speak, stopSignal };
      if (dry) return await tellPlan(asked);
      const result = await (resume === undefined ? start(asked) : goOn(resume, asked));
      speak.result(result, prepare ? preparedText(result) : trainText(result));
      if (!result.finished && !prepare) process.exitCode = EXIT.resume;
    },
  );
}

const experimentOf = async ({ manner: { config }, flags }: Asked) =>
  resolveExperiment(flags, config === undefined ? undefined : await readExperimentFile(config));

async function tellPlan(asked: Asked): Promise<void> {
  const { manner, speak, stopSignal } = asked;
  if (manner.resume !== undefined) throw new SparseError('INVALID_CONFIG', '--dry-run', 'a new run', new Error('--resume'));
  const planned = await dryRun(await experimentOf(asked), speak, { out: manner.out, signal: stopSignal() });
  speak.result(planned, dryRunText(planned));
}

async function start(asked: Asked): Promise<TrainResult> {
  const { manner, trackers, speak, stopSignal } = asked;
  const { out, force, strict, prepare } = manner;
  if (force || strict)
    throw new SparseError('INVALID_CONFIG', force ? '--force' : '--strict', '--resume DIR beside it', new Error('nothing'));
  if (out === undefined)
    throw new SparseError('INVALID_CONFIG', '--out', 'a new folder for the run', new Error('nothing'), 'Or give --resume DIR');
  const wanted = await experimentOf(asked);
  if (!prepare) return startRun(wanted, out, speak, { signal: stopSignal() }, trackers);
  if (trackers.length > 0)
    throw new SparseError('INVALID_CONFIG', '--prepare', 'no tracker beside it: nothing is trained', new Error('one'));
  return prepareRun(wanted, out, speak, { signal: stopSignal() });
}

async function goOn(folder: string, { manner, trackers, flags, speak, stopSignal }: Asked): Promise<TrainResult> {
  const { out, config, force = false, strict = false, prepare } = manner;
  const fixed = (Object.keys(flags) as FieldName[]).filter((name) => !(CIRCUMSTANCES as readonly FieldName[]).includes(name));
  const wrong = [
    ...(out === undefined ? [] : ['--out']),
    ...(prepare ? ['--prepare'] : []),
    ...(config === undefined ? [] : ['--config']),
    ...fixed.map(flagOf),
  ];
  if (wrong.length > 0)
    throw new SparseError('INVALID_CONFIG', '--resume', 'no option that the run folder holds already', new Error(wrong.join(', ')));
  return resumeRun(folder, speak, { signal: stopSignal() }, { flags, force, strict, trackers });
}
