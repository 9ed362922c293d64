/** `pnpm bench`: builds what is out of date, then runs the benchmarks in this process. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const turbo = fileURLToPath(new URL('../../node_modules/turbo/bin/turbo', import.meta.url));
const build = spawnSync(process.execPath, [turbo, 'run', 'build', '--filter=@freetickets/bench', '--output-logs=errors-only'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  encoding: 'utf8',
});
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}the build failed\n`);
  process.exit(1);
}
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
await import('./dist/main.js');
