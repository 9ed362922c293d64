/** What this machine can do at most: c/limits.c, compiled for it and run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { inBench } from './folders.ts';

export interface Limits {
  /** GFLOP/s of multiply-adds of one thread, by the width of its vectors in bits. */
  readonly fmaGflops: Readonly<Record<'128' | '256' | '512', number>>;
  /** GB/s between processor and memory; a copy counts what it reads and what it writes. */
  readonly bandwidthGBs: {
    readonly threads: number;
    readonly readOne: number;
    readonly copyOne: number;
    readonly readAll: number;
    readonly copyAll: number;
  };
}

/** Undefined without a C compiler. */
export function measureLimits(threads: number, repeats: number, say: (line: string) => void): Limits | undefined {
  const program = inBench('.cache/limits');
  const flags = ['-O3', '-march=native', '-ffp-contract=fast', '-pthread'];
  try {
    mkdirSync(inBench('.cache'), { recursive: true });
    execFileSync(process.env.CC ?? 'cc', [...flags, '-o', program, inBench('c/limits.c')], { stdio: ['ignore', 'ignore', 'pipe'] });
    return JSON.parse(execFileSync(program, [String(threads), String(repeats)], { encoding: 'utf8' })) as Limits;
  } catch (error) {
    say(`the limits of this machine could not be measured: ${(error as Error).message.split('\n', 1)[0]}`);
    return undefined;
  }
}

/** GFLOP/s of one thread with its widest vectors. */
export const fmaPeak = ({ fmaGflops }: Limits): number => Math.max(...Object.values(fmaGflops));
