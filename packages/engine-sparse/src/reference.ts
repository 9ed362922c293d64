/**
 * The reference executor: every operation of a plan in plain TypeScript, slow and obvious. The oracle for the native kernels, and what
 * runs where those cannot. It reads the same arena; `f` are its floats, `i` its integers.
 */
import type { Elementwise, Gather, Loss, Norm, NormBackward, Operation, Pool, Reshape, Split, View, WeightGradient } from './ops.ts';
import { PARTIAL } from './ops.ts';
import type { Executor } from './session.ts';

interface Context {
  readonly f: Float32Array;
  readonly i: Int32Array;
  readonly lanes: number;
  readonly batch: number;
  readonly blocks: number;
}

type Of<Name extends Operation['op']> = Extract<Operation, { readonly op: Name }>;

export function referenceExecutor(): Executor<readonly Operation[]> {
  return {
    name: 'reference',
    allocate: (floats) => new Float32Array(floats),
    compile: (operations) => operations,
    run(operations, f, i, lanes, batch) {
      const context = { f, i, lanes, batch, blocks: Math.ceil(batch / lanes) };
      for (const operation of operations) execute(operation, context);
    },
  };
}

function execute(p: Operation, c: Context): void {
  switch (p.op) {
    case 'load':
      return load(p, c);
    case 'pack':
      for (let k = 0; k < p.count; k++) c.f[p.out + k] = c.f[p.source + c.i[p.order + k]!]!;
      return;
    case 'gather':
      return gather(p, c);
    case 'weightGradient':
      return weightGradient(p, c);
    case 'reduce':
      return reduce(p, c);
    case 'biasGradient':
      return biasGradient(p, c);
    case 'normTrain':
      return normTrain(p, c);
    case 'normEval':
      return normEval(p, c);
    case 'normBackward':
      return normBackward(p, c);
    case 'running':
      return running(p, c);
    case 'relu':
    case 'reluBackward':
    case 'add':
    case 'copy':
      return elementwise(p, c);
    case 'maxPool':
      return maxPool(p, c);
    case 'maxPoolBackward':
      return maxPoolBackward(p, c);
    case 'averagePool':
      return averagePool(p, c);
    case 'averagePoolBackward':
      return averagePoolBackward(p, c);
    case 'reshape':
      return reshape(p, c);
    case 'split':
    case 'merge':
      return splitOrMerge(p, c);
    case 'loss':
      return loss(p, c);
    case 'store':
      return store(p, c);
    case 'sgd':
      return sgd(p, c);
  }
}

/** Index of the first image of (block, channel, row, column). */
const at = (v: View, c: Context, block: number, channel: number, row: number, column = 0): number =>
  v.base + block * v.block + channel * v.plane + row * v.row + column * c.lanes;

/** Calls `visit` with the index of every float of one channel, in each of the views. */
function forChannel(c: Context, height: number, width: number, channel: number, views: readonly View[], visit: (at: number[], lane: number, block: number) => void): void {
  for (let block = 0; block < c.blocks; block++)
    for (let y = 0; y < height; y++) {
      const start = views.map((view) => at(view, c, block, channel, y));
      for (let e = 0; e < width * c.lanes; e++) visit(start.map((s) => s + e), e % c.lanes, block);
    }
}

const inBatch = (c: Context, block: number, lane: number): boolean => block * c.lanes + lane < c.batch;

function load(p: Of<'load'>, c: Context): void {
  const image = p.channels * p.height * p.width;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++)
        for (let x = 0; x < p.width; x++) {
          const out = at(p.out, c, block, channel, y, x);
          for (let n = 0; n < c.lanes; n++) {
            const source = p.source + (block * c.lanes + n) * image + (channel * p.height + y) * p.width + x;
            c.f[out + n] = inBatch(c, block, n) ? c.f[source]! : 0;
          }
        }
}

function store(p: Of<'store'>, c: Context): void {
  for (let n = 0; n < c.batch; n++)
    for (let k = 0; k < p.classes; k++) c.f[p.out + n * p.classes + k] = c.f[at(p.logits, c, Math.floor(n / c.lanes), k, 0) + (n % c.lanes)]!;
}

function gather(p: Gather, c: Context): void {
  const { f, i } = c;
  const run = p.width * c.lanes;
  for (let block = 0; block < c.blocks; block++)
    for (let y = 0; y < p.height; y++) {
      const input = at(p.in, c, block, 0, y);
      for (let channels = 0; channels < p.channelBlocks; channels++)
        for (let o = 0; o < p.planes; o++) {
          const out = at(p.out, c, block, o, y);
          if (channels === 0 && !p.accumulate) f.fill(p.bias < 0 ? 0 : f[p.bias + o]!, out, out + run);
          const row = p.rows + channels * (p.planes + 1) + o;
          for (let k = i[row]!; k < i[row + 1]!; k++) {
            const weight = f[p.weights + k]!;
            const source = input + i[p.taps + k]!;
            for (let e = 0; e < run; e++) f[out + e]! += weight * f[source + e]!;
          }
        }
    }
}

/** The first lane of a partial sum holds all of it here. */
function weightGradient(p: WeightGradient, c: Context): void {
  const { f, i } = c;
  const run = p.width * c.lanes;
  f.fill(0, p.partial, p.partial + p.groups * p.count * PARTIAL);
  for (let channels = 0; channels < p.channelBlocks; channels++)
    for (let o = 0; o < p.planes; o++) {
      const row = p.rows + channels * (p.planes + 1) + o;
      const first = i[row]!;
      for (let k = first; k < i[row + 1]!; k++) {
        const tap = i[p.taps + (p.sharedTaps ? k - first : k)]!;
        let sum = 0;
        for (let block = 0; block < c.blocks; block++)
          for (let y = 0; y < p.height; y++) {
            const source = at(p.in, c, block, 0, y) + tap;
            const gradient = at(p.gradient, c, block, o, y);
            for (let e = 0; e < run; e++) sum += f[source + e]! * f[gradient + e]!;
          }
        f[p.partial + k * PARTIAL] = sum;
      }
    }
}

function reduce(p: Of<'reduce'>, c: Context): void {
  for (let k = 0; k < p.count; k++) c.f[p.out + (p.order < 0 ? k : c.i[p.order + k]!)] = c.f[p.partial + k * PARTIAL]!;
}

function biasGradient(p: Of<'biasGradient'>, c: Context): void {
  for (let channel = 0; channel < p.channels; channel++) {
    let sum = 0;
    forChannel(c, p.height, p.width, channel, [p.gradient], ([g]) => {
      sum += c.f[g!]!;
    });
    c.f[p.out + channel] = sum;
  }
}

function normTrain(p: Norm, c: Context): void {
  const count = c.batch * p.height * p.width;
  for (let channel = 0; channel < p.channels; channel++) {
    let sum = 0;
    forChannel(c, p.height, p.width, channel, [p.in], ([x], lane, block) => {
      if (inBatch(c, block, lane)) sum += c.f[x!]!;
    });
    const mean = sum / count;
    let squares = 0;
    forChannel(c, p.height, p.width, channel, [p.in], ([x], lane, block) => {
      if (inBatch(c, block, lane)) squares += (c.f[x!]! - mean) ** 2;
    });
    const inverse = 1 / Math.sqrt(squares / count + c.f[p.eps]!);
    c.f[p.mean + channel] = mean;
    c.f[p.variance + channel] = squares / Math.max(count - 1, 1);
    c.f[p.inverse + channel] = inverse;
    scaleAndShift(p, c, channel, mean, inverse);
  }
}

function normEval(p: Norm, c: Context): void {
  for (let channel = 0; channel < p.channels; channel++)
    scaleAndShift(p, c, channel, c.f[p.mean + channel]!, 1 / Math.sqrt(c.f[p.variance + channel]! + c.f[p.eps]!));
}

function scaleAndShift(p: Norm, c: Context, channel: number, mean: number, inverse: number): void {
  const scale = c.f[p.scale + channel]! * inverse;
  const shift = c.f[p.shift + channel]!;
  forChannel(c, p.height, p.width, channel, [p.in, p.out], ([x, out]) => {
    c.f[out!] = (c.f[x!]! - mean) * scale + shift;
  });
}

/** With z = (x - mean) / deviation: d shift = sum g, d scale = sum g z, dx = scale / deviation * (g - mean(g) - z mean(g z)). */
function normBackward(p: NormBackward, c: Context): void {
  const count = c.batch * p.height * p.width;
  for (let channel = 0; channel < p.channels; channel++) {
    const mean = c.f[p.mean + channel]!;
    const inverse = c.f[p.inverse + channel]!;
    let sum = 0;
    let product = 0;
    forChannel(c, p.height, p.width, channel, [p.in, p.gradient], ([x, g]) => {
      sum += c.f[g!]!;
      product += c.f[g!]! * (c.f[x!]! - mean) * inverse;
    });
    c.f[p.shiftGradient + channel] = sum;
    c.f[p.scaleGradient + channel] = product;
    const factor = c.f[p.scale + channel]! * inverse;
    forChannel(c, p.height, p.width, channel, [p.in, p.gradient, p.out], ([x, g, out], lane, block) => {
      const z = (c.f[x!]! - mean) * inverse;
      const d = inBatch(c, block, lane) ? factor * (c.f[g!]! - sum / count - (z * product) / count) : 0;
      c.f[out!] = p.accumulate ? c.f[out!]! + d : d;
    });
  }
}

function running(p: Of<'running'>, c: Context): void {
  const momentum = c.f[p.momentum]!;
  for (let k = 0; k < p.channels; k++) {
    c.f[p.runningMean + k] = (1 - momentum) * c.f[p.runningMean + k]! + momentum * c.f[p.mean + k]!;
    c.f[p.runningVariance + k] = (1 - momentum) * c.f[p.runningVariance + k]! + momentum * c.f[p.variance + k]!;
  }
}

/** A ReLU lets a value pass that is not a number, so it is not hidden. */
const ELEMENT: Readonly<Record<Elementwise['op'], (a: number, b: number) => number>> = {
  relu: (a) => (a <= 0 ? 0 : a),
  reluBackward: (a, b) => (a <= 0 ? 0 : b),
  add: (a, b) => a + b,
  copy: (a) => a,
};

function elementwise(p: Elementwise, c: Context): void {
  const element = ELEMENT[p.op];
  const run = p.width * c.lanes;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++) {
        const a = at(p.a, c, block, channel, y);
        const b = at(p.b, c, block, channel, y);
        const out = at(p.out, c, block, channel, y);
        for (let e = 0; e < run; e++) {
          const value = element(c.f[a + e]!, c.f[b + e]!);
          c.f[out + e] = p.accumulate ? c.f[out + e]! + value : value;
        }
      }
}

/** Calls `visit` for every output pixel of a pooling with the input pixels of its window, each as the index of its first image. */
function forWindows(p: Pool, c: Context, source: View, pooled: View, visit: (out: number, window: number[], channel: number, block: number) => void): void {
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++)
        for (let x = 0; x < p.width; x++) {
          const window: number[] = [];
          for (let v = y * p.stride - p.pad; v < y * p.stride - p.pad + p.kernelHeight; v++)
            for (let u = x * p.stride - p.pad; u < x * p.stride - p.pad + p.kernelWidth; u++)
              if (v >= 0 && v < p.inHeight && u >= 0 && u < p.inWidth) window.push(at(source, c, block, channel, v, u));
          visit(at(pooled, c, block, channel, y, x), window, channel, block);
        }
}

function maxPool(p: Pool, c: Context): void {
  forWindows(p, c, p.in, p.out, (out, window) => {
    for (let n = 0; n < c.lanes; n++) c.f[out + n] = Math.max(...window.map((pixel) => c.f[pixel + n]!));
  });
}

/** The first pixel of a window that holds its maximum receives the gradient, as in PyTorch. */
function maxPoolBackward(p: Pool, c: Context): void {
  clear(p, c);
  // Same geometry on both sides of a pixel: from the place of a value to the place of its gradient.
  forWindows(p, c, p.in, p.gradient, (gradient, window, channel, block) => {
    for (let n = 0; n < c.lanes; n++) {
      let best = window[0]!;
      for (const pixel of window) if (c.f[pixel + n]! > c.f[best + n]!) best = pixel;
      const offset = best - at(p.in, c, block, channel, 0);
      const row = Math.floor(offset / p.in.row);
      c.f[at(p.out, c, block, channel, row) + (offset - row * p.in.row) + n]! += c.f[gradient + n]!;
    }
  });
}

function averagePool(p: Pool, c: Context): void {
  const size = p.kernelHeight * p.kernelWidth;
  forWindows(p, c, p.in, p.out, (out, window) => {
    for (let n = 0; n < c.lanes; n++) {
      let sum = 0;
      for (const pixel of window) sum += c.f[pixel + n]!;
      c.f[out + n] = sum / size;
    }
  });
}

function averagePoolBackward(p: Pool, c: Context): void {
  clear(p, c);
  const size = p.kernelHeight * p.kernelWidth;
  forWindows(p, c, p.out, p.gradient, (gradient, window) => {
    for (const pixel of window) for (let n = 0; n < c.lanes; n++) c.f[pixel + n]! += c.f[gradient + n]! / size;
  });
}

function clear(p: Pool, c: Context): void {
  if (p.accumulate) return;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.inHeight; y++) {
        const out = at(p.out, c, block, channel, y);
        c.f.fill(0, out, out + p.inWidth * c.lanes);
      }
}

function reshape(p: Reshape, c: Context): void {
  const place = (view: View, height: number, width: number, block: number, feature: number) => {
    const size = height * width;
    return at(view, c, block, Math.floor(feature / size), Math.floor((feature % size) / width), feature % width);
  };
  for (let block = 0; block < c.blocks; block++)
    for (let feature = 0; feature < p.features; feature++) {
      const input = place(p.in, p.inHeight, p.inWidth, block, feature);
      const out = place(p.out, p.outHeight, p.outWidth, block, feature);
      for (let n = 0; n < c.lanes; n++) c.f[out + n] = p.accumulate ? c.f[out + n]! + c.f[input + n]! : c.f[input + n]!;
    }
}

function splitOrMerge(p: Split, c: Context): void {
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++)
        for (let x = 0; x < p.width; x++) {
          const v = y + p.low;
          const u = x + p.low;
          const plane = (channel * p.stride + (v % p.stride)) * p.stride + (u % p.stride);
          const whole = at(p.whole, c, block, channel, y, x);
          const phase = at(p.phases, c, block, plane, Math.floor(v / p.stride), Math.floor(u / p.stride));
          for (let n = 0; n < c.lanes; n++) {
            if (p.op === 'split') c.f[phase + n] = c.f[whole + n]!;
            else c.f[whole + n] = p.accumulate ? c.f[whole + n]! + c.f[phase + n]! : c.f[phase + n]!;
          }
        }
}

/** Mean cross-entropy over the batch; gradient (softmax - one-hot) / batch. Ties: the lowest class is on top. */
function loss(p: Loss, c: Context): void {
  for (let n = 0; n < c.blocks * c.lanes; n++) {
    const block = Math.floor(n / c.lanes);
    const logit = (k: number) => c.f[at(p.logits, c, block, k, 0) + (n % c.lanes)]!;
    const gradientAt = (k: number) => at(p.gradient, c, block, k, 0) + (n % c.lanes);
    if (n >= c.batch) {
      for (let k = 0; k < p.classes; k++) c.f[gradientAt(k)] = 0;
      continue;
    }
    const label = c.i[p.labels + n]!;
    let top = 0;
    for (let k = 1; k < p.classes; k++) if (logit(k) > logit(top)) top = k;
    let sum = 0;
    for (let k = 0; k < p.classes; k++) sum += Math.exp(logit(k) - logit(top));
    for (let k = 0; k < p.classes; k++) c.f[gradientAt(k)] = (Math.exp(logit(k) - logit(top)) / sum - (k === label ? 1 : 0)) / c.batch;
    c.f[p.loss + n] = Math.log(sum) + logit(top) - logit(label);
    c.f[p.correct + n] = top === label ? 1 : 0;
  }
}

function sgd(p: Of<'sgd'>, c: Context): void {
  const [rate, momentum, decay] = [c.f[p.hyper]!, c.f[p.hyper + 1]!, c.f[p.hyper + 2]!];
  for (let k = 0; k < p.count; k++) {
    const buffer = Math.fround(momentum * c.f[p.momentum + k]! + c.f[p.gradients + k]! + decay * c.f[p.values + k]!);
    c.f[p.momentum + k] = buffer;
    c.f[p.values + k]! -= rate * buffer;
  }
}
