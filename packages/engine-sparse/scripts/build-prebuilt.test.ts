/** The script for releases, with a stand-in for zig that notes its calls: what is built for whom, and what is said when it cannot be. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./build-prebuilt.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-prebuilt-'));
  mkdirSync(join(folder, 'lib/libc/mingw/winpthreads'), { recursive: true });
  writeFileSync(join(folder, 'lib/libc/mingw/COPYING'), 'terms of the runtime');
  writeFileSync(join(folder, 'lib/libc/mingw/winpthreads/thread.c'), '/* terms of the threads */\nint code;\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A zig to be called as `sh <path>`: answers `version` and `env`, notes every other call and writes its output file. */
function standIn(version: string): string {
  const lines = [
    `if [ "$1" = version ]; then echo ${version}; exit 0; fi`,
    `if [ "$1" = env ]; then echo '.{ .lib_dir = "${join(folder, 'lib')}", }'; exit 0; fi`,
    `echo "$*" >> "${join(folder, 'calls')}"`,
    'while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out="$2"; fi; shift; done',
    '[ -z "$out" ] || echo built > "$out"',
  ];
  writeFileSync(join(folder, 'zig.sh'), lines.join('\n'));
  return `sh ${join(folder, 'zig.sh')}`;
}

function build(zig: string, ...args: string[]) {
  const env = { ...process.env, ZIG: zig };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--out', join(folder, 'out'), ...args], {
    env,
    encoding: 'utf8',
  });
  const calls = existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];
  const built = existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')).sort() : [];
  return { status, stdout, stderr, calls, built };
}

describe.skipIf(process.platform === 'win32')('build-prebuilt', () => {
  it('builds an addon for every platform, each from the instruction sets of its processors', () => {
    const { status, calls, built } = build(standIn('0.17.1'));
    expect(status).toBe(0);
    expect(built).toEqual([
      'kernels-darwin-arm64.node',
      'kernels-darwin-x64.node',
      'kernels-linux-arm64-musl.node',
      'kernels-linux-arm64.node',
      'kernels-linux-x64-musl.node',
      'kernels-linux-x64.node',
      'kernels-win32-x64.licences.txt',
      'kernels-win32-x64.node',
    ]);
    const of = (file: string) => calls.filter((call) => call.endsWith(file)).map((call) => /-target (\w+)/.exec(call)![1]);
    expect(of('kernels.c').filter((processor) => processor === 'x86_64').length).toBe(4 * 3);
    expect(of('kernels.c').filter((processor) => processor === 'aarch64').length).toBe(3);
    expect([of('threads.c').length, of('binding.c').length]).toEqual([7, 7]);
  });

  it('puts the terms of the MinGW-w64 parts beside the addon that contains them', () => {
    build(standIn('0.17.1'), '--target', 'win32-x64');
    const text = readFileSync(join(folder, 'out/kernels-win32-x64.licences.txt'), 'utf8');
    expect(text).toMatch(/^terms of the runtime\n\nwinpthreads:\n\n\/\* terms of the threads \*\/\n$/);
  });

  it('builds the targets that are named, for a glibc of old', () => {
    const { calls, built } = build(standIn('0.17.1'), '--target', 'linux-arm64');
    expect(built).toEqual(['kernels-linux-arm64.node']);
    expect(calls.every((call) => call.startsWith('cc -target aarch64-linux-gnu.2.17 '))).toBe(true);
  });

  it('refuses a target that is none, and names those that are', () => {
    const { status, stderr, built } = build(standIn('0.17.1'), '--target', 'amiga');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^build-prebuilt: --target: expected one of linux-x64, .*win32-x64, received amiga\n$/);
    expect(built).toEqual([]);
  });

  it.each([
    ['another version', () => standIn('0.11.0'), 'only version 0.11.0'],
    ['no zig', () => '/nowhere/zig', 'none'],
  ])('%s: says which one is needed and how to get it', (_, zig, found) => {
    const { status, stderr } = build(zig());
    expect(status).toBe(1);
    expect(stderr).toContain(`build-prebuilt: zig 0.17.1 is needed, and ${found} was found (pip install ziglang==0.17.1`);
  });

  it('a compiler that fails ends the build with its name and the file', () => {
    const zig = standIn('0.17.1');
    writeFileSync(join(folder, 'zig.sh'), `${readFileSync(join(folder, 'zig.sh'), 'utf8')}\nexit 3\n`);
    const { status, stderr, built } = build(zig, '--target', 'linux-x64');
    expect(status).toBe(1);
    expect(stderr).toContain('-target x86_64-linux-gnu.2.17 failed on kernels.c');
    expect(built).toEqual([]);
  });
});
