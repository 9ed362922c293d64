/** The options of `freetickets sweep`. */
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { EXIT } from '../exit.ts';
import { CIRCUMSTANCES, type Flags } from '../experiment-fields.ts';
import { addCommand, type Common, wholeNumber, withFields, withOutput } from '../options.ts';
import { SEARCHES, type Search } from '../sweep/sweep-block.ts';
import { talk } from '../talk.ts';
import { sweepExperiment, sweepText } from './sweep.ts';

interface SweepFlags extends Common, Omit<Flags, 'search'> {
  readonly to: string;
  readonly search?: Search;
  readonly trials?: string;
  readonly seeds?: string;
  readonly parallel: string;
  readonly retry?: boolean;
  readonly prepare?: boolean;
}

/** Processes; each of them loads the data for itself. */
const MOST = 256;

export function sweepCommand(root: Command, stopSignal: () => AbortSignal): void {
  const command = addCommand(root, 'sweep', 'Trains every combination of the lists in an experiment file, or a search among them.', [
    'sweep methods.json --to sweeps/methods --seeds 17,18,19',
    'sweep rates.json --to sweeps/rates --search random --trials 20',
    'sweep rates.json --to sweeps/asha --search asha --trials 27 --parallel 4',
  ])
    .argument('<FILE>', 'experiment file (JSON) in which any field may be a list of values; see the key "sweep" for more')
    .requiredOption('--to <FOLDER>', 'where the runs go; a sweep that was stopped there goes on')
    .addOption(
      new Option(
        '--search <NAME>',
        'grid: all combinations; random: some of them; asha: some, and the worse ones stop early; default: grid',
      ).choices(SEARCHES),
    )
    .addOption(new Option('--trials <N>', 'combinations to draw (random, asha); default: 20'))
    .addOption(new Option('--seeds <N,N,...>', "each trial's runs have these seeds; default: those of the file, or 17"))
    .addOption(new Option('--parallel <N>', 'runs at a time; more than one: each in a process of its own').default('1'))
    .addOption(new Option('--retry', 'train runs that have failed again, from their last checkpoint'))
    .addOption(new Option('--prepare', 'make the folders of all runs and train nothing: for submit'));
  withOutput(withFields(command, CIRCUMSTANCES)).action(
    async (file: string, { json, quiet, to, search, trials, seeds, parallel, retry, prepare, ...flags }: SweepFlags) => {
      const speak = talk({ json, quiet });
      const result = await sweepExperiment(file, to, speak, {
        search,
        trials: trials === undefined ? undefined : wholeNumber('--trials', trials, 1),
        seeds: seeds === undefined ? undefined : seedsIn(seeds),
        parallel: wholeNumber('--parallel', parallel, 1, MOST),
        retry: retry ?? false,
        prepare: prepare ?? false,
        flags,
        signal: stopSignal(),
      });
      speak.result(result, sweepText(result, `freetickets ${process.argv.slice(2).join(' ')}`));
      if (!result.finished && !result.prepared) process.exitCode = EXIT.resume;
      else if (result.failedRuns > 0) process.exitCode = EXIT.failed;
    },
  );
}

function seedsIn(text: string): number[] {
  const seeds = text.split(',').map((seed) => (/^\d+$/.test(seed.trim()) ? Number(seed) : Number.NaN));
  if (seeds.every(Number.isSafeInteger)) return seeds;
  throw new SparseError('INVALID_CONFIG', '--seeds', 'whole numbers of at least 0 with commas between them, such as 17,18,19', text);
}
