/**
 * `pnpm reproduce`: trains every method of an experiment file, evaluates the runs and writes the tables of docs/reproduction.md, by nothing but
 * the commands that any user has. Stopped, it goes on where it was; what is trained and evaluated stays.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { membersTable, methodsTable, replaceSection } from './tables.mjs';

const USAGE = `pnpm reproduce NAME --data PATH [--to FOLDER] [--tables] [--seconds FOLDER]

NAME               an experiment file beside this script: mnist, mnist-longer, mnist-sparser or cifar
--data PATH        where the data set is
--to FOLDER        runs go here (default: runs/NAME)
--tables           train nothing: evaluate what is finished, and write the tables
--seconds FOLDER   take the seconds from another sweep of the same file, trained alone on the machine; "none" leaves them out
`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/reproduction.md');

/**
 * What `evaluate` measures, by the first word of the name. One seed has its interval from a bootstrap over pictures, several have theirs from the seeds. Corruptions are made for
 * coloured pictures of 32x32 only; all 95 cells of every row would take a day.
 */
const MEASURES = {
  mnist: ['--bootstrap', '0', '--ood', 'gaussian-noise', 'generated'],
  cifar: ['--bootstrap', '200', '--ood', 'gaussian-noise', 'uniform-noise', '--severity', '3'],
};
const CORRUPTIONS = ['gaussian_noise', 'defocus_blur', 'fog', 'jpeg_compression'];

const ROW = ['method', 'tickets', 'growth'];

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, to: { type: 'string' }, seconds: { type: 'string' }, tables: { type: 'boolean' } },
  });
  const [name] = positionals;
  const file = fileURLToPath(new URL(`${name}.json`, import.meta.url));
  if (!existsSync(file) || values.data === undefined) throw new Error(USAGE);
  const { data, to = join('runs', name), seconds, tables = false } = values;
  const runsOf = (folder) => JSON.parse(freetickets(['compare', folder, '--by', ...ROW, '--format', 'json']));
  if (!tables) freetickets(['sweep', file, '--to', to, '--data', data], 'inherit');

  const missing = runsOf(to).rows.flatMap(({ runs }) => runs.filter((run) => !existsSync(join(run, 'results.json'))));
  const measures = [...MEASURES[name.split('-')[0]]];
  if (name === 'cifar') measures.push('--corruptions', corruptionsFor(file, data, to));
  for (const run of missing) freetickets(['evaluate', run, '--data', data, ...measures], 'inherit');

  const { rows, notes } = runsOf(to);
  const timed = seconds === 'none' ? [] : seconds === undefined ? rows : runsOf(seconds).rows;
  const resultsOf = (run) => JSON.parse(readFileSync(join(run, 'results.json'), 'utf8'));
  const written = replaceSection(readFileSync(DOCUMENT, 'utf8'), `${name}-methods`, methodsTable(rows, timed));
  writeFileSync(DOCUMENT, replaceSection(written, `${name}-members`, membersTable(rows, resultsOf)));
  console.error([...notes, `the tables of ${name} are in docs/reproduction.md`].join('\n'));
}

/** Made once for all runs, in a folder beside them. */
function corruptionsFor(file, data, to) {
  const folder = `${to}-c`;
  const { dataset, limitPerClass } = JSON.parse(readFileSync(file, 'utf8'));
  const options = ['--dataset', dataset, '--data', data, '--limit-per-class', String(limitPerClass)];
  const missing = CORRUPTIONS.filter((corruption) => !existsSync(join(folder, `${corruption}.npy`)));
  if (missing.length > 0) freetickets(['data', ...options, '--corruptions', folder, '--corruption', ...missing], 'inherit');
  return folder;
}

/** @param output `pipe` returns what the command prints, `inherit` shows it */
function freetickets(args, output = 'pipe') {
  const command = [fileURLToPath(new URL('../freetickets.mjs', import.meta.url)), ...args];
  const ended = spawnSync(process.execPath, command, { stdio: ['ignore', output, 'inherit'], encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (ended.status === 0) return ended.stdout;
  throw new Error(`freetickets ${args[0]} ended with ${ended.status ?? ended.signal}; the same command goes on from here`);
}

// pnpm runs scripts in the root; paths are meant from where the user is.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
try {
  main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
