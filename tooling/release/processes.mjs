/** Processes that must succeed. */
import { spawnSync } from 'node:child_process';

/** The environment without what a surrounding pnpm has put there: children must behave as in a user's shell. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|INIT_CWD$|NODE_ENV$)/i.test(name)));

/** @param output `pipe` returns what the command prints, `inherit` shows it */
export function run(command, args, { cwd, env = {}, output = 'pipe' } = {}) {
  const stdio = ['ignore', output, output === 'pipe' ? 'pipe' : 'inherit'];
  const ended = spawnSync(command, args, { cwd, env: { ...environment, ...env }, stdio, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (ended.status === 0) return ended.stdout;
  const said = ended.error?.message ?? `${ended.stdout ?? ''}${ended.stderr ?? ''}`.trim();
  throw new Error(`${[command, ...args].join(' ')} ended with ${ended.status ?? ended.signal}${said ? `:\n${said}` : ''}`);
}

/** pnpm, through npx where it is not installed. */
export function runPnpm(args, options) {
  const installed = spawnSync('pnpm', ['--version']).status === 0;
  return installed ? run('pnpm', args, options) : run('npx', ['--yes', '--prefer-offline', 'pnpm@12', ...args], options);
}
