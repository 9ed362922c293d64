/** `freetickets doctor`: what this machine has, what is used, and what would make it faster. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { cacheFolder } from '@freetickets/datasets';
import { bestEngine, nativeStatus } from '@freetickets/engine-sparse';
import { VERSION } from '../version.ts';

export interface Diagnosis {
  readonly freetickets: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly engine: string;
  readonly native: { readonly available: boolean; readonly variants: readonly string[]; readonly reason?: string };
  readonly onnxruntime: string;
  readonly cache: string;
  /** Each with what would mend it. */
  readonly problems: readonly string[];
}

export function diagnose(): Diagnosis {
  const native = nativeStatus();
  const runtime = createRequire(createRequire(import.meta.url).resolve('@freetickets/inference'))('onnxruntime-node/package.json') as { version: string };
  return {
    freetickets: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    engine: bestEngine({ onFallback: () => {} }).name,
    native,
    onnxruntime: runtime.version,
    cache: cacheFolder(),
    problems: native.available ? [] : [`training is slow: ${native.reason}`],
  };
}

export function diagnosisText(d: Diagnosis): string {
  const native = d.native.available ? `yes (${d.native.variants.join(', ')})` : `no: ${d.native.reason}`;
  return [
    `freetickets ${d.freetickets}, node ${d.node}, ${d.platform}`,
    `processor       ${d.processor}, ${d.processors} usable, ${(d.memoryBytes / 2 ** 30).toFixed(0)} GiB of memory`,
    `engine          ${d.engine}`,
    `native kernels  ${native}`,
    `onnxruntime     ${d.onnxruntime} (cpu)`,
    `data cache      ${d.cache}`,
    ...(d.problems.length === 0 ? ['no problems found'] : d.problems.map((problem) => `problem: ${problem}`)),
  ].join('\n');
}
