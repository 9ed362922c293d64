/** R12: clocks that jump, odd paths, file systems that may only be read. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, MAIN, reached, remove, run, start } from '../e2e/command.ts';
import { record, some } from './tier.ts';
import { fingerprint, goOn, TINY } from './victim.ts';

const home = folder();
let expected = '';
beforeAll(async () => {
  await run([...TINY, '--out', join(home, 'whole')]);
  expected = fingerprint(join(home, 'whole'));
});
afterAll(() => remove(home));

async function killedAndResumed(path: string): Promise<void> {
  const running = start([...TINY, '--out', path]);
  await reached(2, path, running);
  await running.kill('SIGKILL');
  expect(await run(goOn(TINY, path))).toMatchObject({ code: 0, stderr: '' });
  expect(fingerprint(path)).toBe(expected);
}

const NAMES = {
  'a space': 'with a space',
  'other letters': 'ünïcode 数据 🎟',
  'letters of a shell': `$(x) "q' & ; * ? [a] \\ #`,
  'a line break': 'two\nlines',
  'a dash in front': '--resume',
  '200 letters': 'x'.repeat(200),
  '3,900 letters in all': Array.from({ length: 19 }, () => 'y'.repeat(200)).join('/'),
};

describe('a run in a folder with', () => {
  const names = some(Object.entries(NAMES), 3);
  it.each(names)('%s is killed, resumed and ends with the same bytes', async (_, name) => {
    const parent = join(home, 'places', name);
    mkdirSync(parent, { recursive: true });
    await killedAndResumed(join(parent, 'run'));
    record('R12', 1, `a path with ${_}`);
  });
});

/** The library by which a process is told another time; undefined where there is none. */
const { status, stdout } = spawnSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
const library = status === 0 ? stdout.trim() : undefined;

/** Only what the time is, not how it passes. */
const clockAt = (time: string) => ({ LD_PRELOAD: library, FAKETIME: time, FAKETIME_DONT_FAKE_MONOTONIC: '1' });

describe('a run whose clock', () => {
  const jumps = [
    ['goes back ten years', '+0', '-10y'],
    ['goes on past 2038', '+0', '@2039-06-01 00:00:00'],
    ['comes back from past 2038', '@2039-06-01 00:00:00', '+0'],
    ['stood at its beginning', '@1970-01-02 00:00:00', '+0'],
  ] as const;
  it.skipIf(!library).each(jumps)(
    `%s is killed, resumed and ends with the same bytes${library ? '' : ' (skipped: there is no faketime)'}`,
    async (name, before, after) => {
      const path = join(home, name);
      const running = start([...TINY, '--out', path], clockAt(before));
      await reached(2, path, running);
      await running.kill('SIGKILL');
      expect(await run(goOn(TINY, path), clockAt(after))).toMatchObject({ code: 0 });
      expect(fingerprint(path)).toBe(expected);
      record('R12', 1, `a clock that ${name}`);
    },
  );
});

const READ_ONLY = `
  mount -t tmpfs -o size=16m tmpfs "$1" || exit 99
  "$NODE" "$MAIN" $TRAIN --out "$1/run" >/dev/null 2>&1 || exit 97
  mount -o remount,ro "$1" || exit 98
  for args in "train --quiet --resume $1/run" "train --quiet --out $1/other" "export --quiet $1/run --output $1/x.onnx"; do
    "$NODE" "$MAIN" $args 2>&1 >/dev/null; echo "code $?"
  done
`;
const mayMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

describe('a file system that may only be read', () => {
  const title = 'is told in a sentence, with exit code 1';
  it.skipIf(!mayMount)(mayMount ? title : `${title} (skipped: this machine lets no user mount a file system)`, () => {
    const disk = folder();
    const environment = { ...process.env, NODE: process.execPath, MAIN, TRAIN: TINY.join(' ') };
    const shell = spawnSync('unshare', ['-rm', 'sh', '-c', READ_ONLY, 'sh', disk], { env: environment, encoding: 'utf8' });
    remove(disk);
    const lines = shell.stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('code'))).toEqual(['code 1', 'code 1', 'code 1']);
    const said = lines.filter((line) => !line.startsWith('code'));
    expect(said).toHaveLength(3);
    for (const line of said) expect(line).toMatch(/^error: \S+: expected /);
    record('R12', 3, 'a file system that may only be read: train, resume, export');
  });
});
