/** What a machine is and what a process has used of it: the context without which no measured time means anything. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { nativeStatus } from '@freetickets/engine-sparse';
import { VERSION } from './version.ts';

export interface Machine {
  readonly processor: string;
  /** That this process may use. */
  readonly processors: number;
  /** For which the native kernels are compiled and that this processor can run, best first. */
  readonly instructionSets: readonly string[];
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly freetickets: string;
}

export const machine = (): Machine => ({
  processor: cpus()[0]?.model ?? 'unknown',
  processors: availableParallelism(),
  instructionSets: nativeStatus().variants,
  memoryBytes: totalmem(),
  platform: `${process.platform}-${process.arch}`,
  node: process.version,
  freetickets: VERSION,
});

/**
 * The most memory that a process has held at once, in bytes: Linux's VmHWM. Elsewhere what the system reports for this process, which may
 * include a moment before the program was loaded.
 */
export function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}
