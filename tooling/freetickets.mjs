/**
 * The `freetickets` command from a clone: builds what is out of date, then runs the command in this process, so that signals, exit code and
 * standard output are its own. What the build says goes to standard error, and only if it fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const turbo = fileURLToPath(new URL('../node_modules/turbo/bin/turbo', import.meta.url));
const inPath = (name) => (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** With nothing to do, a build takes less than that. */
const LONG_MS = 5000;

function fail(sentence) {
  process.stderr.write(`error: ${sentence}\n`);
  process.exit(1);
}

/** turbo starts pnpm by its name; npx brings it where it is not installed. */
function builder() {
  const node = [process.execPath, turbo];
  if (inPath('pnpm') || inPath('pnpm.cmd')) return node;
  if (process.platform !== 'win32' && inPath('npx')) return ['npx', '-y', '-p', 'pnpm@12', ...node];
  return fail('to build what is out of date, pnpm 12 is needed, or npx, which comes with npm and fetches it: neither is on the PATH');
}

if (!existsSync(turbo)) fail(`the dependencies are not installed: run npx -y pnpm@12 install in ${root}`);
const [command, ...first] = builder();
const build = spawn(command, [...first, 'run', 'build', '--filter=@freetickets/cli', '--output-logs=errors-only'], {
  cwd: root,
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let said = '';
for (const stream of [build.stdout, build.stderr]) stream.on('data', (text) => (said += text));
const patience = setTimeout(() => {
  process.stderr.write('building freetickets from its sources, which takes a few minutes the first time\n');
}, LONG_MS);
const code = await new Promise((resolve) => build.on('error', (error) => fail(error.message)).on('close', resolve));
clearTimeout(patience);
if (code !== 0) {
  process.stderr.write(said);
  fail(`the build failed, as said above; it was: ${[command, ...first].join(' ')} run build`);
}
// pnpm runs scripts in the root; paths are meant from where the user is.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
await import('../apps/cli/dist/main.js');
