/** The options of `train` that ask for trackers. They change nothing about the run, so a run that goes on may have others. */
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../options.ts';
import { WATCH_PORT } from '../watch/report-server.ts';
import { livePage } from './live-page.ts';
import { mlflow } from './mlflow.ts';
import { tensorBoard } from './tensorboard.ts';
import type { Tracker } from './tracker.ts';

export interface TrackerFlags {
  readonly ui?: string | undefined;
  readonly tensorboard?: string | undefined;
  readonly mlflow?: string | undefined;
  readonly experiment?: string | undefined;
}

const GROUP = 'Options to follow it:';

export function withTrackers(command: Command): Command {
  return command
    .addOption(
      new Option('--ui [PORT]', `a page with charts of the run, kept up to date (port ${WATCH_PORT})`).preset(WATCH_PORT).helpGroup(GROUP),
    )
    .addOption(new Option('--tensorboard <DIR>', "event files for TensorBoard, in a folder of the run's name there").helpGroup(GROUP))
    .addOption(new Option('--mlflow <URL>', 'tell the run to the MLflow server there').helpGroup(GROUP))
    .addOption(new Option('--experiment <NAME>', 'of the MLflow server; default: freetickets').helpGroup(GROUP));
}

/** @throws SparseError INVALID_CONFIG */
export function trackersOf({ ui, tensorboard, mlflow: url, experiment }: TrackerFlags): Tracker[] {
  if (experiment !== undefined && url === undefined)
    throw new SparseError('INVALID_CONFIG', '--experiment', '--mlflow URL beside it', new Error('nothing'));
  return [
    ...(tensorboard === undefined ? [] : [tensorBoard(tensorboard)]),
    ...(url === undefined ? [] : [mlflow(url, experiment ?? 'freetickets')]),
    ...(ui === undefined ? [] : [livePage(wholeNumber('--ui', ui, 0, 65_535))]),
  ];
}
