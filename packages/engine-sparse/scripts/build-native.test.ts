/** The build script on a copy of the sources, with a stand-in for the compiler that notes its calls. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const addonName = `kernels-${process.platform}-${process.arch}.node`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-native-'));
  for (const part of ['scripts/build-native.mjs', 'scripts/addon.mjs', 'c'])
    cpSync(join(packageFolder, part), join(folder, part), { recursive: true });
  symlinkSync(join(packageFolder, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'empty'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const addon = () => join(folder, 'build', addonName);
const built = (): string[] => (existsSync(join(folder, 'build')) ? readdirSync(join(folder, 'build')).sort() : []);
const calls = (): string[] => (existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []);

/** Runs the script; `cc` undefined: no compiler anywhere. */
function build(cc?: string): Promise<{ status: number | null; said: string }> {
  const env = cc ? { ...process.env, CC: cc } : { PATH: join(folder, 'empty') };
  const child = spawn(process.execPath, [join(folder, 'scripts/build-native.mjs')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, said })));
}

/** A compiler to be called as `sh <path>`: answers --version, then does `body` with the output file in $out. */
function standIn(body: string): string {
  const path = join(folder, 'compiler.sh');
  const lines = [
    'if [ "$1" = --version ]; then echo stand-in 1.0; exit 0; fi',
    `echo "$*" >> "${join(folder, 'calls')}"`,
    'while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out="$2"; fi; shift; done',
    body,
  ];
  writeFileSync(path, lines.join('\n'));
  return `sh ${path}`;
}
const working = () => standIn('echo compiled > "$out"');

describe.skipIf(process.platform === 'win32')('build-native', () => {
  it('without a compiler ends well and says so in one sentence', async () => {
    expect(await build()).toEqual({
      status: 0,
      said: 'engine-sparse: the native kernels were not built: no C compiler was found (looked for cc, gcc, clang); the engine runs without them, more slowly.\n',
    });
    expect(built()).toEqual([]);
  });

  it('a CC that is not there is named, and no other compiler is taken in its place', async () => {
    const { status, said } = await build('/nowhere/gcc -m64');
    expect(status).toBe(0);
    expect(said).toMatch(/no C compiler was found \(looked for CC=\/nowhere\/gcc -m64\); the engine runs without them.*\.\n$/);
  });

  it('takes a compiler with arguments, compiles once per variant and leaves the addon and its stamp alone', async () => {
    expect(await build(working())).toEqual({ status: 0, said: '' });
    expect(readFileSync(addon(), 'utf8')).toBe('compiled\n');
    expect(built()).toEqual([addonName, `${addonName}.stamp`]);
    const variants = process.arch === 'x64' ? 3 : 1;
    expect(calls().filter((call) => call.endsWith('kernels.c')).length).toBe(variants);
    expect(calls().length).toBe(variants + 3); // threads, binding, linking
  });

  it('compiles nothing twice, but anew when a source or the compiler has changed', async () => {
    await build(working());
    const once = calls().length;
    await build(working());
    expect(calls().length).toBe(once);
    appendFileSync(join(folder, 'c/threads.c'), '\n');
    await build(working());
    expect(calls().length).toBe(2 * once);
    await build(`env ${working()}`);
    expect(calls().length).toBe(3 * once);
  });

  it('a compiler that fails: its message, one sentence, a good end, and no addon of other sources', async () => {
    await build(working());
    appendFileSync(join(folder, 'c/ops.h'), '\n');
    const compiler = standIn('echo "kernels.c:1: this is not C" >&2; exit 1');
    const { status, said } = await build(compiler);
    expect(status).toBe(0);
    expect(said).toBe(
      `kernels.c:1: this is not C\nengine-sparse: the native kernels were not built: ${compiler} failed on kernels.c; the engine runs without them, more slowly.\n`,
    );
    expect(built()).toEqual([]);
  });

  it('without a compiler an addon of the same sources stays, one of other sources goes', async () => {
    await build(working());
    expect(await build()).toEqual({ status: 0, said: expect.stringMatching(/no C compiler.*; those of an earlier build are used\.\n$/) });
    expect(existsSync(addon())).toBe(true);
    appendFileSync(join(folder, 'c/ops.h'), '\n');
    expect(await build()).toEqual({ status: 0, said: expect.stringMatching(/runs without them, more slowly\.\n$/) });
    expect(built()).toEqual([]);
  });

  it('an addon without a stamp is built again', async () => {
    await build(working());
    rmSync(`${addon()}.stamp`);
    writeFileSync(addon(), 'half');
    await build(working());
    expect(readFileSync(addon(), 'utf8')).toBe('compiled\n');
  });

  it('several processes may build at once', async () => {
    const compiler = working();
    const results = await Promise.all([build(compiler), build(compiler), build(compiler), build(compiler)]);
    expect(results).toEqual(results.map(() => ({ status: 0, said: '' })));
    expect(built()).toEqual([addonName, `${addonName}.stamp`]);
    expect(readFileSync(addon(), 'utf8')).toBe('compiled\n');
  });
});
