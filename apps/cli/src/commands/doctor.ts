/** `freetickets doctor`: what this machine has, what is used, and what would make it faster. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { bestEngine, nativeStatus, wasmStatus } from '@freetickets/engine-sparse';
import { cacheFolder } from '@freetickets/sparse-core/node';
import { VERSION } from '../version.ts';

export interface Diagnosis {
  readonly freetickets: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  /** That this process may use. */
  readonly processors: number;
  readonly memoryBytes: number;
  readonly engine: string;
  readonly native: { readonly available: boolean; readonly variants: readonly string[]; readonly reason?: string };
  /** What runs where the native kernels do not. */
  readonly wasm: { readonly available: boolean; readonly reason?: string };
  /** Native parts of dependencies: which is needed for what, and whether it loads here. */
  readonly libraries: readonly Library[];
  readonly cache: string;
  /** Each with what would mend it. */
  readonly problems: readonly string[];
}

interface Library {
  readonly name: string;
  readonly needs: string;
  /** Why it does not load, if it does not. */
  readonly problem?: string;
}

const LIBRARIES = [
  { name: 'onnxruntime-node', of: '@freetickets/inference', needs: 'predict, serve and demo' },
  { name: 'sharp', of: '@freetickets/datasets', needs: 'image folders and predict' },
];

export function diagnose(): Diagnosis {
  const native = nativeStatus();
  const libraries = LIBRARIES.map(({ name, of, needs }) => ({ name, needs, ...loading(name, of) }));
  const broken = libraries.filter(({ problem }) => problem !== undefined);
  return {
    freetickets: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    engine: bestEngine({ onFallback: () => {} }).name,
    native,
    wasm: wasmStatus(),
    libraries,
    cache: cacheFolder(),
    problems: [
      ...(native.available ? [] : [`training is slow: ${native.reason}`]),
      ...broken.map(
        ({ name, needs, problem }) =>
          `${needs} do not work: ${name} does not load (${problem}); install again without omitting optional dependencies`,
      ),
    ],
  };
}

/** Whether package `name` loads where package `of` finds it. */
function loading(name: string, of: string): { problem?: string } {
  // onnxruntime would otherwise keep a device id in the user's cache folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  try {
    createRequire(createRequire(import.meta.url).resolve(of))(name);
    return {};
  } catch (error) {
    return { problem: (error as Error).message.trim().split('\n', 1)[0]! };
  }
}

export function diagnosisText(d: Diagnosis): string {
  const native = d.native.available ? `yes (${d.native.variants.join(', ')})` : `no: ${d.native.reason}`;
  const rows = [
    ['processor', `${d.processor}, ${d.processors} usable, ${(d.memoryBytes / 2 ** 30).toFixed(0)} GiB of memory`],
    ['engine', d.engine],
    ['native kernels', native],
    ['wasm kernels', d.wasm.available ? 'yes' : `no: ${d.wasm.reason}`],
    ...d.libraries.map(({ name, needs, problem }) => [name, problem === undefined ? `loads (for ${needs})` : `does not load: ${problem}`]),
    ['data cache', d.cache],
  ];
  return [
    `freetickets ${d.freetickets}, node ${d.node}, ${d.platform}`,
    ...rows.map(([name, text]) => `${name!.padEnd(18)}${text}`),
    ...(d.problems.length === 0 ? ['no problems found'] : d.problems.map((problem) => `problem: ${problem}`)),
  ].join('\n');
}
