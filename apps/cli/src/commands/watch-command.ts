/** `freetickets watch`: runs while they go on, on a page or in the terminal. */
import { type Command, Option } from 'commander';
import { aborted } from '../aborted.ts';
import { addCommand, type Common, wholeNumber, withOutput } from '../options.ts';
import type { StopSignal } from '../program.ts';
import { talk } from '../talk.ts';
import { LiveReport } from '../watch/live-report.ts';
import { serveReport, WATCH_PORT } from '../watch/report-server.ts';
import { watchInTerminal } from '../watch/terminal.ts';

interface WatchFlags extends Common {
  readonly port: string;
  readonly title?: string;
  readonly terminal?: boolean;
}

export function watchCommand(root: Command, stopSignal: StopSignal): void {
  const command = addCommand(root, 'watch', 'Follows runs while they go on: the page of `report`, kept up to date, until stopped.', [
    'watch runs/mnist',
    'watch runs/edst runs/dense --port 9000',
    'watch runs/mnist --terminal',
  ])
    .argument('<RUN...>', 'run folders, or a folder of a sweep for all its runs that have begun')
    .addOption(new Option('--port <N>', 'of the page, which only this machine can reach; 0: any free one').default(WATCH_PORT))
    .addOption(new Option('--title <TEXT>', "the page's title; default: the run"))
    .addOption(new Option('--terminal', 'draw in the terminal instead, until the runs are finished').conflicts(['port', 'title']));
  withOutput(command).action(async (runs: readonly string[], { json, quiet, port, title, terminal }: WatchFlags) => {
    const speak = talk({ json, quiet });
    if (terminal) {
      const statuses = await watchInTerminal(runs, stopSignal(), json || quiet ? undefined : process.stdout);
      if (json) speak.result(statuses, '');
      return;
    }
    const number = wholeNumber('--port', port, 0, 65_535);
    const server = await serveReport(new LiveReport(runs, title), number);
    const signal = stopSignal();
    speak.result({ address: server.address, runs }, `${server.address} shows ${runs.join(', ')}`);
    speak.say('stop with Ctrl-C');
    await aborted(signal);
    await server.close();
  });
}
