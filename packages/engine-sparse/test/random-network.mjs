/**
 * Small networks drawn at random, for tests of the engines: odd sizes, strides, borders and paddings of any kind, branches that meet and
 * branches that end in nothing, layers with and without dead weights, rows without a live weight. The same stream gives the same network.
 */

/** The size of a window's output; 0 where the window does not fit. */
const windows = (size, kernel, stride, pad) => Math.max(0, Math.floor((size + 2 * pad - kernel) / stride) + 1);

const MOST_PIXELS = 150;

class Drawing {
  nodes = [];
  #stream;
  /** Of every node. */
  #shapes = new Map();

  constructor(stream, shape) {
    this.#stream = stream;
    this.#shapes.set('input', shape);
  }

  lengthOf(id) {
    return this.#shapes.get(id)[0];
  }

  #from(low, high) {
    return low + this.#stream.below(high - low + 1);
  }

  #one(items) {
    return items[this.#stream.below(items.length)];
  }

  #push(shape, node) {
    const id = `n${this.nodes.length}`;
    this.nodes.push({ id, ...node });
    this.#shapes.set(id, shape);
    return id;
  }

  /** Mostly few channels; sometimes so many that their parts of a tile do not fit into a cache at once. */
  #width() {
    return this.#from(1, this.#stream.below(4) === 0 ? 40 : 12);
  }

  #dense() {
    return this.#stream.below(4) === 0 ? { dense: true } : {};
  }

  #convolution(from) {
    const [, height, width] = this.#shapes.get(from);
    const kernel = this.#from(1, 5);
    const stride = this.#one([1, 1, 1, 2, 2, 3]);
    const pad = this.#one([0, Math.floor(kernel / 2), this.#from(0, kernel)]);
    const size = [height, width].map((side) => windows(side, kernel, stride, pad));
    if (size[0] * size[1] === 0 || size[0] * size[1] > MOST_PIXELS) return from;
    const out = this.#width();
    return this.#push([out, ...size], {
      op: 'conv2d',
      from: [from],
      out,
      kernel,
      stride,
      pad,
      bias: this.#from(0, 1) === 1,
      ...this.#dense(),
    });
  }

  #pooling(from) {
    const [channels, height, width] = this.#shapes.get(from);
    const kernel = this.#from(1, 3);
    const stride = this.#from(1, 3);
    const op = this.#one(['maxPool', 'avgPool']);
    const pad = op === 'maxPool' ? this.#from(0, kernel - 1) : 0;
    const size = [height, width].map((side) => windows(side, kernel, stride, pad));
    if (size[0] * size[1] === 0 || size[0] * size[1] > MOST_PIXELS) return from;
    return this.#push([channels, ...size], { op, from: [from], kernel, stride, ...(op === 'maxPool' ? { pad } : {}) });
  }

  /** Its epsilon keeps the rounding of a channel of one value small. */
  #norm(from) {
    return this.#push(this.#shapes.get(from), { op: 'batchNorm', from: [from], eps: 0.01 });
  }

  #linear(from, out) {
    return this.#push([out], { op: 'linear', from: [from], out, bias: this.#from(0, 1) === 1, ...this.#dense() });
  }

  /** With another node of the same shape, or with a layer of this one that keeps its shape. */
  #addition(from) {
    const shape = this.#shapes.get(from);
    const others = [...this.#shapes].filter(([id, other]) => id !== from && `${other}` === `${shape}`).map(([id]) => id);
    const other = others.length > 0 && this.#from(0, 2) > 0 ? this.#one(others) : this.#branch(from, shape);
    return this.#push(shape, { op: 'add', from: this.#from(0, 1) === 1 ? [from, other] : [other, from] });
  }

  #branch(from, shape) {
    if (shape.length === 1) return this.#linear(from, shape[0]);
    const kernel = this.#one([1, 3, 5]);
    const bias = this.#from(0, 1) === 1;
    return this.#push(shape, { op: 'conv2d', from: [from], out: shape[0], kernel, pad: (kernel - 1) / 2, bias, ...this.#dense() });
  }

  /** With any of the same height and width, itself too. */
  #concatenation(from) {
    const [channels, ...sides] = this.#shapes.get(from);
    const others = [...this.#shapes].filter(([, [, ...other]]) => `${other}` === `${sides}`).map(([id]) => id);
    const joined = [from, ...Array.from({ length: this.#from(0, 2) }, () => this.#one(others))];
    const sum = joined.reduce((total, id) => total + this.#shapes.get(id)[0], 0);
    if (sum > 4 * Math.max(channels, 12)) return from;
    return this.#push([sum, ...sides], { op: 'concat', from: this.#stream.below(2) === 0 ? joined : joined.reverse() });
  }

  #sampled(from) {
    const kind =
      this.#from(0, 1) === 1 ? { op: 'dropout', rate: this.#one([0, 0.1, 0.5]) } : { op: 'memberScale', members: this.#from(1, 5) };
    return this.#push(this.#shapes.get(from), { ...kind, from: [from] });
  }

  /** Mostly on what came last, sometimes on something earlier. */
  step(last) {
    const pictures = [...this.#shapes].filter(([, shape]) => shape.length === 3).map(([id]) => id);
    const from = this.#stream.below(6) === 0 && pictures.length > 0 ? this.#one(pictures) : last;
    const picture = this.#shapes.get(from).length === 3;
    const anywhere = ['norm', 'relu', 'add', 'concat', 'sampled'];
    const kinds = picture ? ['layer', 'layer', 'layer', 'pool', 'norm', 'relu', ...anywhere] : ['layer', ...anywhere];
    switch (this.#one(kinds)) {
      case 'layer':
        return picture ? this.#convolution(from) : this.#linear(from, this.#width());
      case 'pool':
        return this.#pooling(from);
      case 'norm':
        return this.#norm(from);
      case 'relu':
        return this.#push(this.#shapes.get(from), { op: 'relu', from: [from] });
      case 'concat':
        return this.#concatenation(from);
      case 'sampled':
        return this.#sampled(from);
      default:
        return this.#addition(from);
    }
  }

  /** From whatever came last to logits. */
  finish(last) {
    const [channels, height = 1, width = 1] = this.#shapes.get(last);
    const pooled = this.#from(0, 1) === 1;
    const picture = this.#shapes.get(last).length === 3;
    const features = !picture
      ? last
      : this.#push([pooled ? channels : channels * height * width], { op: pooled ? 'globalAvgPool' : 'flatten', from: [last] });
    let logits = this.#linear(features, this.#from(2, 9));
    const ends = [() => this.#norm(logits), () => this.#addition(logits), () => this.#sampled(logits)];
    for (let steps = this.#from(0, 2); steps > 0; steps--) logits = this.#one(ends)();
    return logits;
  }
}

/** The specification of a network of pictures, or of features alone. */
export function randomNetwork(stream) {
  const side = () => 1 + stream.below(12);
  const shape = stream.below(8) === 0 ? [1 + stream.below(40)] : [1 + stream.below(5), side(), side()];
  const drawing = new Drawing(stream, shape);
  let last = 'input';
  for (let steps = 2 + stream.below(7); steps > 0; steps--) last = drawing.step(last);
  const output = drawing.finish(last);
  const heads = drawing.lengthOf(output) % 2 === 0 && stream.below(2) === 0 ? 2 : 1;
  return { version: 1, name: 'random', input: { shape }, nodes: drawing.nodes, output, heads };
}

/** A state with anything from no live weight to all of them in each sparse layer, rows without any, and norms as after some training. */
export function randomState(net, stream, initialState) {
  const topology = new Map();
  for (const [param, { sparsifiable, size, shape }] of net.params) {
    if (!sparsifiable) continue;
    const live = stream.sample(size, Math.ceil(size * stream.uniform() ** 2));
    const row = size / shape[0];
    const empty = stream.below(3) === 0 ? stream.below(shape[0]) : -1;
    const kept = live.filter((position) => Math.floor(position / row) !== empty);
    topology.set(param, { shape, live: kept });
  }
  const state = initialState(net, topology, 1);
  const away = () => (stream.below(2) === 0 ? 1 : -1) * (0.3 + stream.uniform());
  const values = new Map(
    [...state.values].map(([param, value]) => {
      const norm = net.node(param.slice(0, param.lastIndexOf('.'))).op === 'batchNorm';
      if (!norm) return [param, value];
      return [param, value.map(() => (param.endsWith('_var') ? 0.5 + stream.uniform() : away()))];
    }),
  );
  return { ...state, values };
}

/** How live positions may lie: anywhere, equally many in each row, two of every four (where rows have whole fours). */
export const PATTERNS = ['unstructured', 'fan-in', '2:4'];

/** The state with live positions in a pattern, drawn anew; about as many as before, and values of as many. */
export function patterned(pattern, net, state, stream) {
  if (pattern === 'unstructured') return state;
  const topology = new Map();
  for (const [param, { shape, live }] of state.topology) {
    const { size } = net.params.get(param);
    const row = size / shape[0];
    const group = pattern === '2:4' && row % 4 === 0 ? 4 : row;
    const each = group === 4 ? 2 : Math.min(row, Math.max(1, Math.round(live.length / shape[0])));
    const groups = Array.from({ length: size / group }, (_, g) =>
      Array.from(stream.sample(group, each), (position) => g * group + position),
    );
    topology.set(param, { shape, live: Uint32Array.from(groups.flat()) });
  }
  return withValues({ ...state, topology }, stream);
}

/** The state after a rewiring that moved every live weight: as many, anywhere. */
export function moved(state, stream) {
  const elsewhere = ([param, { shape, live }]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [param, { shape, live: stream.sample(size, live.length) }];
  };
  return { ...state, topology: new Map([...state.topology].map(elsewhere)) };
}

/** With a value for each live position. */
function withValues(state, stream) {
  const values = new Map(state.values);
  for (const [param, { live }] of state.topology)
    values.set(
      param,
      Float32Array.from(live, () => stream.normal() / 4),
    );
  return { ...state, values };
}
