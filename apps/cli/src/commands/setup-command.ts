/** The options of `freetickets setup`, and what it says while it works. */
import { onnxruntimeCudaSetup, type RuntimeName, type Setup, setupText, tensorflowSetup } from '@freetickets/runtimes';
import { bytesText, nearest, SparseError } from '@freetickets/sparse-core';
import { Argument, type Command, Option } from 'commander';
import { asking, canAsk } from '../ask.ts';
import { EXIT } from '../exit.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import type { StopSignal } from '../program.ts';
import { progressBar } from '../progress.ts';
import { type Talk, talk } from '../talk.ts';

const RUNTIMES: readonly RuntimeName[] = ['tensorflow', 'onnxruntime-cuda'];

interface SetupFlags extends Common {
  readonly cuda?: boolean;
  readonly from?: string;
  readonly download?: string;
  readonly yes?: boolean;
}

export function setupCommand(root: Command, stopSignal: StopSignal): void {
  const command = addCommand(
    root,
    'setup',
    'Installs a native runtime into the cache: TensorFlow for TensorFlow.js, or CUDA for onnxruntime.',
    [
      'setup tensorflow',
      'setup tensorflow --cuda --yes',
      'setup onnxruntime-cuda',
      'setup tensorflow --download wheels/ (then, without a network: setup tensorflow --from wheels/)',
    ],
  )
    .addArgument(new Argument('<RUNTIME>', 'what to install').choices(RUNTIMES).argParser(runtimeNamed))
    .addOption(new Option('--cuda', 'TensorFlow for NVIDIA GPUs, with the CUDA libraries that this machine lacks'))
    .addOption(new Option('--from <DIR>', 'take the files from this folder and use no network'))
    .addOption(new Option('--download <DIR>', 'only fetch the files, into this folder'))
    .addOption(new Option('-y, --yes', 'do not ask; without a terminal nothing is asked anyway'));
  withOutput(command).action(async (name: RuntimeName, { json, quiet, ...flags }: SetupFlags) => {
    const speak = talk({ json, quiet });
    const setup = await planOf(name, flags);
    if (setup.upToDate && flags.download === undefined) return speak.result(document(setup), `${name} is installed in ${setup.folder}`);
    const signal = stopSignal();
    speak.say(setupText(setup, flags.download));
    if (!flags.yes && !(await agreed())) return speak.result({ ...document(setup), installed: false }, 'nothing was installed');
    if (!(await carryOut(setup, flags, speak, signal))) {
      speak.say('stopped: downloads are kept to be gone on with, and nothing else has changed');
      process.exitCode = EXIT.interrupted;
      return;
    }
    const where =
      flags.download === undefined ? `${name} is installed in ${setup.folder}` : `the files of ${name} are in ${flags.download}`;
    speak.result(document(setup), where);
  });
}

/** In the words of other options, not those of the parser of arguments. @throws SparseError INVALID_CONFIG */
function runtimeNamed(text: string): RuntimeName {
  const name = RUNTIMES.find((known) => known === text);
  if (name) return name;
  const near = nearest(text, RUNTIMES);
  throw new SparseError('INVALID_CONFIG', 'RUNTIME', RUNTIMES.join(' or '), text, near && `Did you mean ${near}?`);
}

function planOf(name: RuntimeName, { cuda = false, from, download }: SetupFlags): Promise<Setup> {
  if (cuda && name !== 'tensorflow') throw new SparseError('INVALID_CONFIG', '--cuda', 'it with tensorflow only', name);
  if (from !== undefined && download !== undefined)
    throw new SparseError('INVALID_CONFIG', '--download', 'it without --from, which uses no network', download);
  const options = from === undefined ? {} : { from };
  return name === 'tensorflow' ? tensorflowSetup({ cuda, ...options }) : onnxruntimeCudaSetup(options);
}

/** Asks only where somebody can answer; Ctrl-C is a no. */
async function agreed(): Promise<boolean> {
  if (!canAsk()) return true;
  return /^(y(es)?)?$/i.test((await asking((ask) => ask('Go on? [Y/n] '))) ?? 'no');
}

/** Whether it came to its end; not, when it was asked to stop. */
async function carryOut(setup: Setup, { download }: SetupFlags, speak: Talk, signal: AbortSignal): Promise<boolean> {
  const total = setup.downloadBytes;
  const bar = progressBar({ label: 'download', total: Math.max(total, 1) }, speak);
  const done = new Map<string, number>();
  const fetched = new Set(setup.downloads);
  const options = {
    signal,
    onProgress(pin: Setup['downloads'][number], doneBytes: number) {
      if (!fetched.has(pin)) return;
      done.set(pin.name, doneBytes);
      const sum = [...done.values()].reduce((all, bytes) => all + bytes, 0);
      bar.update(sum, pin.name);
      if (doneBytes === pin.sizeBytes) bar.say(`${pin.file}: ${bytesText(doneBytes)}, ${bytesText(sum)} of ${bytesText(total)}`);
    },
    onStep: (what: string) => bar.say(what),
    onTrouble: (what: string) => bar.say(what),
  };
  try {
    await (download === undefined ? setup.run(options) : setup.fetch(download, options));
    return true;
  } catch (error) {
    if (signal.aborted) return false; // a compiler that got the same signal failed for this reason too
    throw error;
  } finally {
    bar.stop();
  }
}

const document = ({ name, about, folder }: Setup) => ({ runtime: name, ...about, folder, installed: true });
