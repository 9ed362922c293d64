/** The options of `freetickets report`. */
import { type Command, Option } from 'commander';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { reportText, writeReport } from './report.ts';

interface ReportFlags extends Common {
  readonly output: string;
  readonly title?: string;
}

export function reportCommand(root: Command): void {
  const command = addCommand(root, 'report', 'Draws runs: one HTML file with charts that opens from disk, without a network.', [
    'report runs/mnist',
    'report runs/edst runs/dense --output compared.html --title "EDST and dense"',
    'report sweeps/methods --output methods.html',
  ])
    .argument('<RUN...>', 'run folders, or a folder of a sweep for all its finished runs')
    .addOption(new Option('-o, --output <FILE>', 'the file to write').default('report.html'))
    .addOption(new Option('--title <TEXT>', "the page's title; default: the run"));
  withOutput(command).action(async (runs: readonly string[], { json, quiet, output, title }: ReportFlags) => {
    const result = await writeReport(runs, output, title);
    talk({ json, quiet }).result(result, reportText(result));
  });
}
