/** `freetickets tensorboard`: runs that were trained without `--tensorboard` as event files, from their logs and tickets. */
import { type Command, Option } from 'commander';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { counted } from '../text.ts';
import { replayRun } from '../trackers/replay.ts';
import { eventFolder, tensorBoard } from '../trackers/tensorboard.ts';

export function tensorboardCommand(root: Command): void {
  const command = addCommand(root, 'tensorboard', 'Writes runs as event files for TensorBoard, from their logs and tickets.', [
    'tensorboard runs/mnist --to boards',
    'tensorboard runs/edst runs/dense --to boards',
  ])
    .argument('<RUN...>', 'run folders')
    .addOption(new Option('--to <DIR>', 'each run gets a folder of its name there; then: tensorboard --logdir DIR').makeOptionMandatory());
  withOutput(command).action(async (runs: readonly string[], { json, quiet, to }: Common & { readonly to: string }) => {
    const speak = talk({ json, quiet });
    const tracker = tensorBoard(to);
    for (const run of runs) await tracker.check!(run);
    for (const run of runs) await replayRun(run, tracker, speak);
    speak.result(
      { to, folders: runs.map((run) => eventFolder(to, run)) },
      `${counted(runs.length, 'run')} in ${to}\nnext: tensorboard --logdir ${to}`,
    );
  });
}
