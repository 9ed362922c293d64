/** Another program, run to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * @returns its standard output
 * @throws Error with its first lines about errors, or else the last ones, of what it said on standard error
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { ...options, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const lines = stderr.trim().split('\n');
    const errors = lines.filter((line) => /error/i.test(line)).slice(0, 3);
    throw new Error((errors.length > 0 ? errors : lines.slice(-3)).join(' ') || message, { cause: error });
  }
}
