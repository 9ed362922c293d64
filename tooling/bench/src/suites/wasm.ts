/** `pnpm bench wasm`: 3x3 layers forward on one thread, ours in WebAssembly against ONNX Runtime's native dense convolution. */
import { contest } from '../contest.ts';
import { fmaPeak } from '../limits.ts';
import { gflops, milliseconds, percent, ratioText } from '../markdown.ts';
import { onnxruntime, ours } from '../peers.ts';
import { shapeFiles } from '../shapes.ts';
import { least, ratio } from '../statistics.ts';
import { type Case, failures, type Suite } from '../suite.ts';
import { workOf } from './layers.ts';

const NETWORKS = ['wrn-16-2', 'wrn-28-10'];
const PART = ['forward'];
const GOAL = 0.8;

interface WasmCase extends Case {
  readonly density: number;
  readonly batchSize: number;
  readonly flops: number;
}

export const wasm: Suite = {
  name: 'wasm',
  about: '3x3 layers in WebAssembly against ONNX Runtime dense, forward, one thread each',
  async run({ settings, sides, limits, say }) {
    const cases: WasmCase[] = [];
    const files = shapeFiles().filter(({ name }) => NETWORKS.includes(name));
    for (const { shape, name, batchSize, live, density, flops } of files.flatMap(workOf)) {
      if (shape.kernel !== 3 || !name.includes(settings.only)) continue;
      say(`wasm: ${name}`);
      const task = { kind: 'layer', threads: 1, seed: settings.seed, batchSize, ...shape } as const;
      const entrants = [
        { name: 'ours', ours: true, side: ours, task: { ...task, engine: 'wasm', live, forwardOnly: true } },
        { name: 'ONNX Runtime', side: onnxruntime, task },
      ];
      const measurements = await contest(entrants, sides, settings.pace);
      cases.push({ name, density, batchSize, flops, measurements, ratio: ratio(measurements, PART), goal: GOAL });
    }
    const header = ['3x3 layer (input)', 'batch', 'density', 'ours, ms', 'GFLOP/s', 'of native peak', 'ONNX Runtime, ms', 'ratio', 'goal'];
    const rows = cases.map(({ name, batchSize, density, flops, measurements, ratio: value, goal }) => {
      const [mine, theirs] = measurements.map((one) => least(one, PART));
      const share = mine === undefined || limits === undefined ? undefined : flops / mine / 1e6 / fmaPeak(limits);
      const own = [milliseconds(mine), gflops(flops, mine), percent(share)];
      return [name, String(batchSize), density.toFixed(3), ...own, milliseconds(theirs), ratioText(value), ratioText(goal)];
    });
    return { cases, table: { header, rows }, notes: failures(cases) };
  },
};
