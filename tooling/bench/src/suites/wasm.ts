/** `pnpm bench wasm`: 3x3 layers forward on one thread, ours in WebAssembly against ONNX Runtime's native dense convolution. */
import { wasmStatus } from '@freetickets/engine-sparse';
import { contest } from '../contest.ts';
import { fmaPeak } from '../limits.ts';
import { gflops, milliseconds, percent, ratioText } from '../markdown.ts';
import { onnxruntime, ours } from '../peers.ts';
import { shapeFiles } from '../shapes.ts';
import { least, ratio } from '../statistics.ts';
import { type Case, failures, type Suite } from '../suite.ts';
import { SPARSITY, type Work, workOf } from './layers.ts';

const NETWORKS = ['wrn-16-2', 'wrn-28-10'];
const PART = ['forward'];
const GOAL = 0.8;

interface WasmCase extends Case {
  readonly density: number;
  readonly batchSize: number;
  readonly flops: number;
}

/** The same layer at the density that a uniform distribution gives it. */
function uniformly(work: Work): Work {
  const { inputs, outputs, kernel } = work.shape;
  const live = Math.round((1 - SPARSITY) * inputs * outputs * kernel ** 2);
  const density = live / (inputs * outputs * kernel ** 2);
  return { ...work, live, density, flops: (work.flops / work.live) * live };
}

export const wasm: Suite = {
  name: 'wasm',
  about: '3x3 layers in WebAssembly, every variant that this Node runs, against ONNX Runtime dense, forward, one thread each',
  async run({ settings, sides, limits, say }) {
    const cases: WasmCase[] = [];
    const variants = wasmStatus().variants.map((variant) => `wasm/${variant}`);
    const files = shapeFiles().filter(({ name }) => NETWORKS.includes(name));
    for (const { shape, name, batchSize, live, density, flops } of files.flatMap(workOf).flatMap((work) => [work, uniformly(work)])) {
      if (shape.kernel !== 3 || !name.includes(settings.only)) continue;
      say(`wasm: ${name}`);
      const task = { kind: 'layer', threads: 1, seed: settings.seed, batchSize, ...shape } as const;
      const entrants = [
        ...variants.map((engine) => ({ name: engine, ours: true, side: ours, task: { ...task, engine, live, forwardOnly: true } })),
        { name: 'ONNX Runtime', side: onnxruntime, task },
      ];
      const measurements = await contest(entrants, sides, settings.pace);
      cases.push({ name, density, batchSize, flops, measurements, ratio: ratio(measurements, PART), goal: GOAL });
    }
    const own = variants.flatMap((variant) => [`${variant}, ms`, 'GFLOP/s', 'of native peak']);
    const header = ['3x3 layer (input)', 'batch', 'density', ...own, 'ONNX Runtime, ms', 'ratio', 'goal'];
    const rows = cases.map(({ name, batchSize, density, flops, measurements, ratio: value, goal }) => {
      const times = measurements.map((one) => least(one, PART));
      const cells = times.slice(0, -1).flatMap((mine) => {
        const share = mine === undefined || limits === undefined ? undefined : flops / mine / 1e6 / fmaPeak(limits);
        return [milliseconds(mine), gflops(flops, mine), percent(share)];
      });
      return [name, String(batchSize), density.toFixed(3), ...cells, milliseconds(times.at(-1)), ratioText(value), ratioText(goal)];
    });
    return { cases, table: { header, rows }, notes: failures(cases) };
  },
};
