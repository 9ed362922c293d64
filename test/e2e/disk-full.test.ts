/**
 * A real full disk: a file system of one megabyte in memory, in a mount namespace of the test's own. Training on it ends with exit code 74;
 * what was there stays whole, and with more space the run goes on.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contents, MAIN, run, SMALL, temporary, ticketsOf } from './command.ts';

const possible = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status === 0;
const title = 'ends training with exit code 74, leaves the run whole, and is forgotten when there is space';

/** Everything happens within one namespace, for its mounts end with it; what the commands said and left is copied out. */
const SCRIPT = `
  mount -t tmpfs -o size=1m tmpfs "$DISK" || exit 99
  "$NODE" "$MAIN" train $OPTIONS --out "$DISK/run" >"$OUT/full.stdout" 2>"$OUT/full.stderr"; echo $? >"$OUT/full.code"
  cp -r "$DISK/run" "$OUT/full"
  mount -o remount,size=16m "$DISK" || exit 98
  "$NODE" "$MAIN" train --resume "$DISK/run" >"$OUT/more.stdout" 2>"$OUT/more.stderr"; echo $? >"$OUT/more.code"
  cp -r "$DISK/run" "$OUT/more"
`;

describe('a full disk', () => {
  it.skipIf(!possible)(possible ? title : `${title} (skipped: this machine lets no user mount a file system)`, async () => {
    const out = temporary();
    const options = [...SMALL, '--tickets', '6', '--image-size', '16', '--checkpoint-every', '5'];
    const environment = { DISK: temporary(), OUT: out, NODE: process.execPath, MAIN, OPTIONS: options.join(' ') };
    const shell = spawnSync('unshare', ['-rm', 'sh', '-c', SCRIPT], { env: { ...process.env, ...environment }, encoding: 'utf8' });
    expect(shell).toMatchObject({ status: 0, stderr: '' });
    const left = (name: string) => readFileSync(join(out, name), 'utf8');

    expect(left('full.code')).toBe('74\n');
    expect(left('full.stdout')).toBe('');
    const said = left('full.stderr').trimEnd().split('\n');
    expect(said.at(-2)).toMatch(/^the last checkpoint is whole; when the disk is well again, go on with: freetickets train --resume \S+$/);
    expect(said.at(-1)).toMatch(/^error: \S+: expected .*free disk space, received "?a full disk or quota"?\. Free some space/);
    expect(Object.keys(contents(join(out, 'full'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);

    expect(left('more.code')).toBe('0\n');
    expect(left('more.stderr')).toMatch(/\ngoing on from step [1-9]\d*\n/);
    await run(['train', ...options, '--out', join(out, 'never-full')]);
    expect(ticketsOf(join(out, 'more'))).toEqual(ticketsOf(join(out, 'never-full')));
  });
});
