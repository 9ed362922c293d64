#!/usr/bin/env node
/** `freetickets-runtimes`: the same setups as `freetickets setup`, for programs that use this package alone. It asks nothing. */
import { parseArgs } from 'node:util';
import { SparseError } from '@freetickets/sparse-core';
import type { Setup } from './install.node.ts';
import { onnxruntimeCudaSetup, onnxruntimeStatus } from './onnxruntime.node.ts';
import { setupText } from './setup-text.ts';
import { tensorflowSetup, tensorflowStatus } from './tensorflow.node.ts';

const USAGE = `Usage: freetickets-runtimes setup tensorflow [--cuda] [--from DIR | --download DIR]
       freetickets-runtimes setup onnxruntime-cuda [--from DIR | --download DIR]
       freetickets-runtimes status

setup installs into the cache (FREETICKETS_CACHE); --from takes the files from a folder and uses no network, --download only fetches them
into one. status says what is installed, as JSON.`;

const options = {
  cuda: { type: 'boolean' },
  from: { type: 'string' },
  download: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const { cuda = false, from, download, help = false } = values;
  const files = from === undefined ? {} : { from };
  switch (help ? 'help' : positionals.join(' ')) {
    case 'help':
      return console.log(USAGE);
    case 'status':
      return console.log(JSON.stringify({ tensorflow: await tensorflowStatus(), onnxruntimeCuda: await onnxruntimeStatus() }, null, 2));
    case 'setup tensorflow':
      return carryOut(await tensorflowSetup({ cuda, ...files }), download);
    case 'setup onnxruntime-cuda':
      return carryOut(await onnxruntimeCudaSetup(files), download);
    default:
      throw new SparseError(
        'INVALID_ARGUMENT',
        'command',
        'setup tensorflow, setup onnxruntime-cuda or status',
        positionals.join(' '),
        USAGE,
      );
  }
}

async function carryOut(setup: Setup, download: string | undefined): Promise<void> {
  if (!setup.upToDate || download !== undefined) console.error(setupText(setup, download));
  const [onStep, onTrouble] = [console.error, console.error];
  if (download !== undefined) return setup.fetch(download, { onTrouble });
  const { folder } = await setup.run({ onStep, onTrouble });
  console.log(folder);
}

try {
  await main();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
