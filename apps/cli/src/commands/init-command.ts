/** The command `init`: an experiment file with comments, from three questions or without any. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SparseError } from '@freetickets/sparse-core';
import { makeFolder, writeFileAtomic } from '@freetickets/sparse-core/node';
import { type Command, Option } from 'commander';
import { asking, canAsk } from '../ask.ts';
import { EXIT } from '../exit.ts';
import { resolveExperiment } from '../experiment.ts';
import type { FieldName, Flags } from '../experiment-fields.ts';
import { datasetAt, networkForStart } from '../init/dataset-at.ts';
import { experimentText } from '../init/experiment-text.ts';
import { addCommand, type Common, withFields, withOutput } from '../options.ts';
import { talk } from '../talk.ts';

type InitFlags = Common & Flags & { readonly yes?: boolean };
type Ask = (question: string) => Promise<string>;

export function initCommand(root: Command): void {
  const command = addCommand(root, 'init', 'Writes an experiment file with comments, after three questions.', [
    'init',
    'init digits.jsonc --yes',
    'init own.jsonc --data pictures/ --network wrn-16-2 --tickets 5',
  ])
    .argument('[FILE]', 'the file to write', 'experiment.jsonc')
    .addOption(new Option('-y, --yes', 'ask nothing; without a terminal nothing is asked anyway'));
  withOutput(withFields(command, ['dataset', 'data', 'network', 'tickets'])).action(
    async (file: string, { json, quiet, yes = false, ...given }: InitFlags) => {
      const speak = talk({ json, quiet });
      if (existsSync(file))
        throw new SparseError('ALREADY_EXISTS', file, 'a file that does not exist yet', new Error('one that does'), 'Name another');
      const complete = (ask: Ask) => answersFor(given, ask, speak.say);
      const flags = yes || !canAsk() ? await complete(async () => '') : await asking(complete);
      if (flags === undefined) {
        process.exitCode = EXIT.interrupted;
        return;
      }
      const experiment = resolveExperiment(flags);
      const beside = { ...experiment, ...(experiment.data !== undefined && { data: pathFrom(file, experiment.data) }) };
      const advanced: FieldName[] = flags.imageSize === undefined ? [] : ['imageSize'];
      await makeFolder(dirname(file));
      await writeFileAtomic(file, experimentText(beside, { file, advanced, schema: schemaFrom(file) }));
      speak.result({ file, experiment: beside }, `wrote ${file}\nnext: freetickets train --config ${file} --dry-run`);
    },
  );
}

/** Pictures of one's own have any size; networks read one. */
const PICTURE_SIZE = '32';

/** An empty answer takes what is proposed; one that does not fit is explained, and the question comes again. */
async function answersFor(given: Flags, ask: Ask, say: (line: string) => void): Promise<Flags> {
  let flags = given;
  const settle = async (question: string, proposal: string, read: (answer: string) => Promise<Flags>) => {
    for (;;) {
      const answer = await ask(`${question} [${proposal}] `);
      try {
        const next = { ...flags, ...(await read(answer === '' ? proposal : answer)) };
        resolveExperiment(next);
        flags = next;
        return;
      } catch (error) {
        if (!(error instanceof SparseError) || answer === '') throw error;
        say(error.message);
      }
    }
  };
  const withData = async (path: string): Promise<Flags> => {
    const dataset = given.dataset ?? (await datasetAt(path));
    return { data: path, dataset, ...(dataset === 'image-folder' && { imageSize: PICTURE_SIZE }) };
  };
  if (given.data !== undefined) flags = { ...flags, ...(await withData(given.data)) };
  else if (given.dataset === undefined)
    await settle('Where are your pictures (a folder or a tar archive; "generated": digits drawn here)?', 'generated', async (answer) =>
      answer === 'generated' ? { dataset: answer } : withData(answer),
    );
  if (given.network === undefined)
    await settle('Which network?', networkForStart(resolveExperiment(flags).dataset), async (network) => ({ network }));
  if (given.tickets === undefined) await settle('How many tickets, members of the ensemble?', '3', async (tickets) => ({ tickets }));
  return flags;
}

/** As the file is to have it: relative to itself, with slashes. */
const pathFrom = (file: string, path: string): string =>
  isAbsolute(path)
    ? path
    : relative(dirname(resolve(file)), resolve(path))
        .split(sep)
        .join('/') || '.';

/** Where the schema lies below the file's folder, as it does in a project that has this package; elsewhere the path would last no longer than an installation. */
function schemaFrom(file: string): string | undefined {
  const path = pathFrom(file, relative('.', fileURLToPath(new URL('../../schema/experiment.schema.json', import.meta.url))));
  return path.startsWith('..') ? undefined : `./${path}`;
}
