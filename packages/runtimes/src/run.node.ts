/** Another program, run to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * @returns its standard output
 * @throws Error with what it said last on standard error
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { ...options, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(stderr.trim().split('\n').slice(-3).join(' ') || message, { cause: error });
  }
}
