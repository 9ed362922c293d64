/** R4: a disk, real and small, that is full at some save, at the log, at a ticket, at results or at an export. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { contents, folder, MAIN, remove, run } from '../e2e/command.ts';
import { record, some } from './tier.ts';
import { fingerprint, TINY } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

const possible = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status === 0;
const NO_MOUNT = '(skipped: this machine lets no user mount a file system)';
const title = (text: string) => (possible ? text : `${text} ${NO_MOUNT}`);

/** In a name space of its own, whose mounts end with it; `$1` is the folder of the disk, `$2` where results go. */
function onDisk(kilobytes: number, script: string, name: string): string {
  const [disk, out] = [folder(), join(home, name)];
  const whole = `mkdir "$2"; mount -t tmpfs -o size=${kilobytes}k tmpfs "$1" || exit 99\n${script}`;
  const environment = { ...process.env, NODE: process.execPath, MAIN, TRAIN: TINY.join(' ') };
  const { status, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', whole, 'sh', disk, out], { env: environment, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  remove(disk);
  return out;
}

const TRAIN_FULL = `
  "$NODE" "$MAIN" $TRAIN --out "$1/run" >"$2/stdout" 2>"$2/stderr"; echo $? >"$2/code"
  find "$1" -name '*.tmp' >"$2/half"
  mount -o remount,size=64m "$1" || exit 98
  if [ -e "$1/run/run.json" ]; then "$NODE" "$MAIN" train --quiet --resume "$1/run" >"$2/more" 2>&1
  else "$NODE" "$MAIN" $TRAIN --out "$1/run" >"$2/more" 2>&1; fi; echo $? >"$2/more-code"
  cp -r "$1/run" "$2/run"
`;

const MEASURE_FULL = `
  "$NODE" "$MAIN" $TRAIN --out "$1/run" >/dev/null 2>&1 || exit 97
  dd if=/dev/zero of="$1/filler" bs=1k >/dev/null 2>&1
  find "$1/run" -type f -exec sha256sum {} + | sort >"$2/before"
  "$NODE" "$MAIN" evaluate "$1/run" --quiet >"$2/stdout" 2>"$2/evaluate"; echo $? >"$2/evaluate-code"
  "$NODE" "$MAIN" export "$1/run" --quiet --output "$1/x.onnx" >"$2/stdout" 2>"$2/export"; echo $? >"$2/export-code"
  "$NODE" "$MAIN" export "$1/run" --quiet --format pytorch --member 0 --output "$1/x.safetensors" >"$2/stdout" 2>"$2/pytorch"; echo $? >"$2/pytorch-code"
  find "$1/run" -type f -exec sha256sum {} + | sort >"$2/after"
  ls "$1" >"$2/left"
`;

const FULL = /^error: \S+: expected \d+ bytes of free disk space, received "a full disk or quota"\. Free some space/m;

describe('a full disk', () => {
  it.skipIf(!possible)(
    title('at any moment of a run: exit code 74, the path and the bytes, nothing half-written, and later the same bytes'),
    async () => {
      const whole = join(home, 'whole');
      await run([...TINY, '--out', whole]);
      const sizes = some(
        Array.from({ length: 25 }, (_, i) => 8 + 24 * i),
        3,
      );
      let full = 0;
      for (const size of sizes) {
        const out = onDisk(size, TRAIN_FULL, String(size));
        const left = (name: string) => readFileSync(join(out, name), 'utf8');
        if (left('code') !== '0\n') {
          full++;
          expect([left('code'), left('stdout'), left('half')], `${size} kB`).toEqual(['74\n', '', '']);
          expect(left('stderr'), `${size} kB`).toMatch(FULL);
        }
        expect([left('more-code'), fingerprint(join(out, 'run'))], `${size} kB: ${left('more')}`).toEqual(['0\n', fingerprint(whole)]);
        remove(out);
      }
      expect(full).toBeGreaterThan(0);
      record(
        'R4',
        sizes.length,
        `disks of ${sizes[0]} to ${sizes.at(-1)} kB; ${full} were full and ended with 74, then resumed to the same hash`,
      );
    },
  );

  it.skipIf(!possible)(
    title('for evaluate and export: nothing half-written, the run as it was, and exit code 74 where a file was asked for'),
    () => {
      const out = onDisk(1600, MEASURE_FULL, 'measure');
      const left = (name: string) => readFileSync(join(out, name), 'utf8');
      expect(left('evaluate-code'), left('evaluate')).toBe('0\n'); // it has said its results, which is what it is for
      for (const command of ['export', 'pytorch']) {
        expect(left(`${command}-code`), left(command)).toBe('74\n');
        expect(left(command)).toMatch(FULL);
      }
      expect(left('after')).toBe(left('before'));
      expect(left('left')).toBe('filler\nrun\n');
      expect(existsSync(join(out, 'x.onnx')) || Object.keys(contents(out)).some((name) => name.endsWith('.tmp'))).toBe(false);
      record('R4', 3, 'results.json, ONNX and PyTorch exports on a full disk; nothing half-written, exit code 74 of the exports');
    },
  );
});
