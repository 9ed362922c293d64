/** `pnpm bench layers`: every layer of every network in shapes/, forward and backward, against SparseProp (sparse) and PyTorch (dense). */
import { contest, type Entrant } from '../contest.ts';
import { erkCounts } from '../layer-network.ts';
import { fmaPeak } from '../limits.ts';
import { percent, ratioText, type Table } from '../markdown.ts';
import { ours, sparseprop, torch } from '../peers.ts';
import { outputPixels, type ShapeFile, shapeFiles, shapeText } from '../shapes.ts';
import { least, ratio, summary } from '../statistics.ts';
import { type Case, type Context, failures, type Settings, type Suite } from '../suite.ts';
import type { LayerShape, PeerLayerTask } from '../tasks.ts';

export const SPARSITY = 0.9;
const LARGEST_BATCH = 128;
/** Operations of a dense forward pass, and numbers in the larger of input and output: no layer takes more, however large its pictures. */
const MOST_FLOPS = 64e9;
const MOST_NUMBERS = 2 ** 25;
const GOAL = 0.2;

export interface LayerCase extends Case, LayerShape {
  readonly network: string;
  readonly batchSize: number;
  readonly live: number;
  readonly density: number;
  /** Of the live weights in one pass over the batch. */
  readonly flops: number;
  /** Share of the FMA peak of all threads, forward and backward. */
  readonly peakShare: { readonly forward?: number | undefined; readonly backward?: number | undefined };
  /** Our time over SparseProp's better variant and over PyTorch's better layout. */
  readonly versusSparseProp: { readonly forward?: number | undefined; readonly backward?: number | undefined };
  readonly versusDense: { readonly forward?: number | undefined; readonly backward?: number | undefined };
}

export const layers: Suite = {
  name: 'layers',
  about: 'every layer of real networks, forward and backward, against SparseProp and PyTorch',
  async run(context) {
    const earlier = new Map((context.earlier as readonly LayerCase[]).map((one) => [one.name, one]));
    const cases: LayerCase[] = [];
    for (const work of shapeFiles().flatMap(workOf)) {
      const asked = work.name.includes(context.settings.only);
      if (asked) context.say(`layers: ${work.name}`);
      const one = asked ? await runCase(work, context) : earlier.get(work.name);
      if (one) cases.push(one);
    }
    return { cases, table: tableOf(cases), notes: [...failures(cases), ...aboveGoal(cases)] };
  },
};

export type Work = Pick<LayerCase, 'name' | 'network' | 'batchSize' | 'live' | 'density' | 'flops'> & { readonly shape: LayerShape };

/** Each different layer of a network once, at the density that ERK gives it among all layers. */
export function workOf({ name: network, layers }: ShapeFile): Work[] {
  const counts = erkCounts(layers, SPARSITY);
  const seen = new Set<string>();
  return layers.flatMap((shape, index): Work[] => {
    const key = JSON.stringify(shape);
    if (seen.has(key)) return [];
    seen.add(key);
    const live = counts[index]!;
    const batchSize = batchOf(shape);
    const weights = shape.inputs * shape.outputs * shape.kernel ** 2;
    const flops = 2 * live * outputPixels(shape) * batchSize;
    return [{ name: `${network}: ${shapeText(shape)}`, network, shape, live, density: live / weights, batchSize, flops }];
  });
}

/** The largest power of two, up to 128, within the bounds above. */
export function batchOf(shape: LayerShape): number {
  const { inputs, outputs, kernel, height, width } = shape;
  const pixels = outputPixels(shape);
  const fits = (batch: number) =>
    2 * inputs * outputs * kernel ** 2 * pixels * batch <= MOST_FLOPS &&
    Math.max(inputs * height * width, outputs * pixels) * batch <= MOST_NUMBERS;
  let batch = LARGEST_BATCH;
  while (batch > 1 && !fits(batch)) batch /= 2;
  return batch;
}

async function runCase({ shape, ...work }: Work, { settings, sides, limits }: Context): Promise<LayerCase> {
  const measurements = await contest(entrantsOf(shape, work, settings), sides, settings.pace);
  const mine = measurements.find((one) => one.ours)!;
  const against = (name: string) => {
    const chosen = [mine, ...measurements.filter((one) => one.name.startsWith(name))];
    return { forward: ratio(chosen, ['forward']), backward: ratio(chosen, ['backward']) };
  };
  const share = (part: string, passes: number) => {
    const time = least(mine, [part]);
    return time === undefined || limits === undefined
      ? undefined
      : (passes * work.flops) / time / 1e6 / (fmaPeak(limits) * settings.threads);
  };
  const peakShare = { forward: share('forward', 1), backward: share('backward', 2) };
  return {
    ...work,
    ...shape,
    measurements,
    peakShare,
    versusSparseProp: against('SparseProp'),
    versusDense: against('PyTorch'),
    goal: GOAL,
  };
}

function entrantsOf(shape: LayerShape, { batchSize, live }: Omit<Work, 'shape'>, { threads, engine, seed }: Settings): Entrant[] {
  const task = { kind: 'layer', threads, seed, batchSize, ...shape } as const satisfies PeerLayerTask;
  const linear = shape.height * shape.width * shape.kernel === 1;
  const theirs = (vectorized: string): Entrant => ({
    name: `SparseProp over ${vectorized}`,
    side: sparseprop(threads),
    task: { ...task, live, vectorized },
  });
  const dense = (layout: string): Entrant => ({ name: `PyTorch ${layout}`, side: torch(threads), task: { ...task, layout } });
  return [
    { name: 'ours', ours: true, side: ours, task: { ...task, engine, live } },
    theirs('images'),
    ...(linear ? [] : [theirs('columns')]),
    dense('contiguous'),
    ...(linear ? [] : [dense('channels-last')]),
  ];
}

const PASSES = ['forward', 'backward'] as const;

/** A row for each network and pass: our GFLOP/s, and least, middle and largest ratio to SparseProp and to the dense layer. */
function tableOf(cases: readonly LayerCase[]): Table {
  const networks = [...new Set(cases.map(({ network }) => network))];
  const header = [
    ...['network, S=0.9', 'layers', 'pass', 'GFLOP/s, median', 'of peak', 'vs SparseProp: least', 'median', 'largest', 'in layer'],
    ...['vs dense: least', 'median', 'largest'],
  ];
  const rows = networks.flatMap((network) => {
    const own = cases.filter((one) => one.network === network);
    return PASSES.map((pass) => [network, String(own.length), pass, ...cellsOf(own, pass)]);
  });
  return { header, rows };
}

function cellsOf(cases: readonly LayerCase[], pass: (typeof PASSES)[number]): string[] {
  const middle = (values: readonly (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : summary(known).median;
  };
  const speed = (one: LayerCase) => {
    const time = least(one.measurements.find(({ ours }) => ours)!, [pass]);
    return time === undefined ? undefined : ((pass === 'forward' ? 1 : 2) * one.flops) / time / 1e6;
  };
  const ratios = (kind: 'versusSparseProp' | 'versusDense') => {
    const known = cases.filter((one) => one[kind][pass] !== undefined).sort((a, b) => a[kind][pass]! - b[kind][pass]!);
    const [first, last] = [known[0], known.at(-1)];
    const texts = [first?.[kind][pass], middle(known.map((one) => one[kind][pass])), last?.[kind][pass]].map(ratioText);
    return { texts, worst: last?.name.split(': ')[1] ?? '-' };
  };
  const [sparse, dense] = [ratios('versusSparseProp'), ratios('versusDense')];
  const gflops = middle(cases.map(speed));
  const share = percent(middle(cases.map(({ peakShare }) => peakShare[pass])));
  return [gflops === undefined ? '-' : gflops.toFixed(0), share, ...sparse.texts, sparse.worst, ...dense.texts];
}

/** The layers that miss the goal, one sentence for each pass. */
function aboveGoal(cases: readonly LayerCase[]): string[] {
  return PASSES.map((pass) => {
    const above = cases.filter(({ versusSparseProp }) => (versusSparseProp[pass] ?? 0) > GOAL);
    const names = above.map(({ name, versusSparseProp }) => `${name} (${ratioText(versusSparseProp[pass])})`);
    const list = names.length === 0 ? '' : `: ${names.join('; ')}`;
    return `Above ${GOAL} of SparseProp's time, ${pass}: ${above.length} of ${cases.length} layers${list}.`;
  });
}
