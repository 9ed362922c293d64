/** Questions to a person at a terminal. */
import { createInterface } from 'node:readline/promises';

/** Whether there is anybody who could answer. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Asks on standard error, one question after the other.
 * @returns undefined when the person ends it by Ctrl-C or Ctrl-D
 */
export async function asking<T>(talkTo: (ask: (question: string) => Promise<string>) => Promise<T>): Promise<T | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<undefined>((resolve) => {
    for (const event of ['SIGINT', 'close'] as const) terminal.once(event, () => resolve(undefined));
  });
  try {
    return await Promise.race([talkTo(async (question) => (await terminal.question(question)).trim()), ended]);
  } finally {
    terminal.close();
  }
}
