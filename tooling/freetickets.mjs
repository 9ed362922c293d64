/**
 * The `freetickets` command from a clone: builds what is out of date, then runs the command in this process, so that signals, exit code and
 * standard output are its own. What the build says goes to standard error, and only if it fails.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const turbo = fileURLToPath(new URL('../node_modules/turbo/bin/turbo', import.meta.url));
const build = spawnSync(process.execPath, [turbo, 'run', 'build', '--filter=@freetickets/cli', '--output-logs=errors-only'], {
  cwd: root,
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  encoding: 'utf8',
});
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}the build failed\n`);
  process.exit(1);
}
// pnpm runs scripts in the root; paths are meant from where the user is.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
await import('../apps/cli/dist/main.js');
