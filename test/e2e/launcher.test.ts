/** `node tooling/freetickets.mjs`, as in a clone. What it builds and then runs is tried by the other tests here. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporary } from './command.ts';

const launcher = fileURLToPath(new URL('../../tooling/freetickets.mjs', import.meta.url));

it('says in one sentence what it needs to build, where it finds neither pnpm nor npx', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, '--version'], {
    env: { ...process.env, PATH: temporary() },
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    'error: to build what is out of date, pnpm 12 is needed, or npx, which comes with npm and fetches it: neither is on the PATH\n',
  );
});
