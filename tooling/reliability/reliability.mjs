/**
 * The long form of `test/reliability` and `test/cluster`: every call of a save, every bit of a header, hundreds of kills. Builds, runs the tests one file after the
 * other and prints what was seen as the rows of docs/reliability.md.
 *
 *     node tooling/reliability/reliability.mjs [FILE...] [--seed N]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string', default: '1' } } });
const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(mkdtempSync(join(tmpdir(), 'reliability-')), 'seen.jsonl');
const env = { ...process.env, RELIABILITY: 'nightly', RELIABILITY_SEED: values.seed, RELIABILITY_OUT: out };
const run = (command, args) => spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] }).status;

const files = positionals.length > 0 ? positionals : ['test/reliability', 'test/cluster'];
const failed =
  run('npx', ['-y', 'pnpm@12', 'build', '--output-logs=errors-only']) || run('npx', ['vitest', 'run', '--no-file-parallelism', ...files]);

const seen = existsSync(out)
  ? readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
process.stdout.write('| test | cases | what was seen | date, seed |\n| --- | --- | --- | --- |\n');
for (const { id, cases, seen: what, date, seed } of seen) process.stdout.write(`| ${id} | ${cases} | ${what} | ${date}, ${seed} |\n`);
process.exitCode = failed ? 1 : 0;
