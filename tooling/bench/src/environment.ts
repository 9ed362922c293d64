/**
 * Installs the peers into folders of this tool, at fixed versions, when they are first needed: a Python environment in .venv, npm packages in
 * peers/node_modules. Nothing else is touched. What cannot be installed is said, and the benchmarks go on without it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { inBench } from './folders.ts';

const VENV = inBench('.venv');
export const PYTHON = inBench('.venv/bin/python');
const SERVING_VENV = inBench('.venv-serving');
export const SERVING_PYTHON = inBench('.venv-serving/bin/python');
const SPARSEPROP = 'sparseprop==0.1.14';

/** Creates or renews what `peers/requirements.txt` and `peers/package.json` ask for. */
export function installPeers(say: (line: string) => void): void {
  upToDate('.venv/stamp', 'peers/requirements.txt', () => installPython(say));
  upToDate('peers/node_modules/stamp', 'peers/package-lock.json', () => {
    say('installing TensorFlow.js into tooling/bench/peers/node_modules');
    return run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], say, inBench('peers'));
  });
}

/** The servers that `pnpm bench serve` compares ours with, in an environment of their own: they need older packages. */
export function installServers(say: (line: string) => void): void {
  upToDate('.venv-serving/stamp', 'peers/serving/requirements.txt', () => {
    say('installing MLServer, FastAPI and ONNX Runtime into tooling/bench/.venv-serving (400 MB; once)');
    rmSync(SERVING_VENV, { recursive: true, force: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', inBench('peers/serving/requirements.txt')];
    return run('python3', ['-m', 'venv', SERVING_VENV], say) && run(SERVING_PYTHON, pip, say);
  });
}

/** Runs `install` unless the stamp says that it has been done for this very list; a failed one is tried again next time. */
function upToDate(stamp: string, list: string, install: () => boolean): void {
  const digest = createHash('sha256')
    .update(readFileSync(inBench(list)))
    .digest('hex');
  const path = inBench(stamp);
  if (existsSync(path) && readFileSync(path, 'utf8') === digest) return;
  if (install()) writeFileSync(path, digest);
}

function installPython(say: (line: string) => void): boolean {
  say('installing PyTorch, ONNX Runtime and SparseProp into tooling/bench/.venv (1.2 GB; once)');
  rmSync(VENV, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const done = run('python3', ['-m', 'venv', VENV], say) && run(PYTHON, [...pip, '-r', inBench('peers/requirements.txt')], say);
  if (!done) return false;
  // A source distribution: compiled here for this processor, against the packages that are in the environment already. Without a C++
  // compiler the rest is of use all the same; it is tried again once .venv has been deleted.
  run(PYTHON, [...pip, '--no-build-isolation', '--no-deps', '--no-binary', 'sparseprop', SPARSEPROP], say);
  return true;
}

function run(command: string, args: readonly string[], say: (line: string) => void, cwd = inBench('.')): boolean {
  // SparseProp's setup calls pip and python3 by name.
  const env = { ...process.env, PATH: `${VENV}/bin:${process.env.PATH}`, VIRTUAL_ENV: VENV };
  const { status, error, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status === 0) return true;
  say(`${command} ${args.slice(0, 4).join(' ')} failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return false;
}
