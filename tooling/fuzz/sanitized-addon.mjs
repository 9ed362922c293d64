/**
 * The native addon itself, as Node loads it, under the address and undefined-behaviour sanitizers of GCC: random arguments (addon.mjs), sessions that train, predict and are
 * collected while others work, worker threads that end during a call, and every allocation and every call to Node-API failing in turn
 * (failing.h). Each has to end in a result or an error of JavaScript. V8 never gives its memory back before the end, so leaks are not looked for.
 * With --quick the kernels are compiled as ever: they take minutes, and `sanitize` of engine-sparse looks at them.
 *
 *     node tooling/fuzz/sanitized-addon.mjs [--quick] [--calls 20000] [--workers 20] [--seed 1]       Linux, gcc
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileAddon } from '../../packages/engine-sparse/scripts/addon.mjs';

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    workers: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const engine = here('../../packages/engine-sparse');
const SANITIZERS = [
  '-fsanitize=address,undefined',
  '-fno-sanitize=null,object-size',
  '-fno-sanitize-recover=undefined',
  '--param=asan-instrumentation-with-call-threshold=0',
];

const looked = ['-g', '-fno-omit-frame-pointer', ...SANITIZERS];

/** A copy of the engine's package whose addon is compiled so. @param args for all but the kernels */
function packageWith(folder, args, kernels) {
  mkdirSync(join(folder, 'build'), { recursive: true });
  for (const part of ['c', 'dist', 'test', 'package.json']) cpSync(join(engine, part), join(folder, part), { recursive: true });
  symlinkSync(join(engine, 'node_modules'), join(folder, 'node_modules'));
  const addon = compileAddon({
    command: ['gcc'],
    arch: process.arch,
    link: ['-shared', ...SANITIZERS],
    folder: join(folder, 'build'),
    more: (file) => (file !== 'kernels.c' ? [...looked, ...args] : kernels),
  });
  renameSync(addon, join(folder, 'build', `kernels-${process.platform}-${process.arch}.node`));
  return folder;
}

function run(script, args) {
  const library = (name) => spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
  const env = {
    ...process.env,
    LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  const { status, signal } = spawnSync(process.execPath, ['--expose-gc', here(script), ...args], { env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${script}: ended with ${signal ?? `exit code ${status}`}`);
}

const folder = mkdtempSync(join(tmpdir(), 'sanitized-addon-'));
try {
  const plain = packageWith(join(folder, 'plain'), [], [...(options.quick ? [] : looked), '-O1']);
  run('addon.mjs', ['--engine', plain, '--calls', options.calls, '--seed', options.seed]);
  run('addon-workers.mjs', ['--engine', plain, '--workers', options.workers, '--seed', options.seed]);
  const failing = packageWith(join(folder, 'failing'), ['-include', here('failing.h')], ['-O0']); // none of them is called
  run('addon-failing.mjs', ['--engine', failing]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
