/**
 * Gives every reader damaged files. Each must be read, or refused by a SparseError, within the time and memory that worker.mjs allows, and
 * no prototype may change. Each reader has a process of its own: one that dies or hangs
 * is reported with the seed and the number of the input, and the same seed makes the same inputs again.
 *
 *     node tooling/fuzz/fuzz.mjs [--readers npy,mat] [--inputs 2000] [--seconds 600] [--seed 1]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readersIn } from './readers.mjs';

/** Without a word from a reader for so long, it hangs. */
const MOST_SILENCE = 60_000;

const { values: options } = parseArgs({
  options: {
    readers: { type: 'string' },
    inputs: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});

/** The count of inputs of one reader, or the reason why it failed. */
function fuzz(reader, folder) {
  return new Promise((resolve) => {
    const child = fork(
      fileURLToPath(new URL('worker.mjs', import.meta.url)),
      [reader, folder, options.inputs, options.seconds, options.seed],
      {
        execArgv: ['--max-old-space-size=512'],
        env: { ...process.env, FREETICKETS_CACHE: folder },
      },
    );
    let last = { inputs: 0 };
    let timer;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), MOST_SILENCE);
    };
    listen();
    child.on('message', (message) => {
      last = message;
      listen();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(
        code === 0 ? last : { ...last, failure: last.failure ?? `the process ended with ${signal ?? code} after input ${last.inputs}` },
      );
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
try {
  const names = options.readers?.split(',') ?? Object.keys(await readersIn(folder));
  for (const name of names) {
    const { inputs, read, kept, blocks, megabytes, slowest, failure } = await fuzz(name, folder);
    console.log(
      `${name}: ${inputs} inputs, ${read} read, ${kept} kept for new code, ${blocks} blocks, ${megabytes} MB more, slowest ${slowest} ms`,
    );
    if (!failure) continue;
    console.error(`fuzz: ${name} with seed ${options.seed}: ${failure}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
