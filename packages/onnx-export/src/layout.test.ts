/** Members side by side, half precision, and the way back: against the fused float32 graph, float64 arithmetic and the tickets themselves. */
import {
  initialState,
  type ModelState,
  modelByName,
  type Network,
  network,
  type ParamName,
  randomTopology,
  rng,
  treeNet,
  uniform,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { logitsOf } from '../testing/forward.ts';
import { nets, randomState, residual, spec } from '../testing/nets.ts';
import { foldBatchNorms } from './fold.ts';
import { describeOnnx, fromOnnx, type OnnxOptions, toOnnx } from './index.ts';
import { decodeModel, type ModelProto } from './proto.ts';

process.env.ORT_DISABLE_TELEMETRY = '1'; // read when the module is loaded, hence the import below
const ort = (await import('onnxruntime-node')).default;

function randomImages(net: Network, size: number): Float32Array {
  const stream = rng(7).stream('images', size);
  return Float32Array.from({ length: net.spec.input.shape.reduce((a, b) => a * b, size) }, () => stream.normal());
}

/** All outputs of a model, by name. */
async function answers(bytes: Uint8Array, images: Float32Array, size: number, net: Network): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const results = await session.run({ images: new ort.Tensor('float32', images, [size, ...net.spec.input.shape]) });
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

const largest = (values: Iterable<number>): number => Math.max(...[...values].map(Math.abs));
const difference = (a: Float32Array, b: Float32Array): number => {
  expect(a).toHaveLength(b.length);
  return largest(a.map((value, k) => value - b[k]!));
};

/** The last joins what each member has of its own, the images, and what all see alike; another pools the images before any layer. */
const joins = {
  'concat of own and shared planes': spec(
    [2, 6, 6],
    [
      { id: 'conv1', op: 'conv2d', from: ['input'], out: 3, kernel: 3, pad: 1 },
      { id: 'seen', op: 'relu', from: ['input'] },
      { id: 'both', op: 'concat', from: ['conv1', 'seen', 'input'] },
      { id: 'twice', op: 'concat', from: ['both', 'conv1'] },
      { id: 'conv2', op: 'conv2d', from: ['twice'], out: 2, kernel: 3 },
      { id: 'sum', op: 'globalAvgPool', from: ['conv2'] },
      { id: 'mean', op: 'globalAvgPool', from: ['input'] },
      { id: 'all', op: 'concat', from: ['sum', 'mean'] },
      { id: 'fc', op: 'linear', from: ['all'], out: 4 },
    ],
  ),
  'a sum of own and shared planes, of shared ones, and shared logits': spec(
    [4, 3, 3],
    [
      { id: 'twice', op: 'add', from: ['input', 'input'] },
      { id: 'pooled', op: 'maxPool', from: ['twice'], kernel: 2 },
      { id: 'bn', op: 'batchNorm', from: ['pooled'] },
      { id: 'sum', op: 'add', from: ['bn', 'pooled'] },
      { id: 'flat', op: 'flatten', from: ['sum'] },
      { id: 'flat2', op: 'flatten', from: ['pooled'] },
      { id: 'more', op: 'add', from: ['flat', 'flat2'] },
    ],
  ),
};
const cases = { ...nets, ...joins, tree: treeNet(modelByName('lenet-5', { input: [2, 16, 16], classes: 4 }), { members: 2 }) };

describe('the layout grouped', () => {
  it.each(Object.entries(cases))('%s: three members side by side answer as one beside the other, within 1e-5', async (_, raw) => {
    const net = network(raw);
    const states = [1, 2, 3].map((seed) => randomState(net, seed));
    for (const size of [1, 5]) {
      const images = randomImages(net, size);
      const options: OnnxOptions = { output: 'logits' };
      const fused = await answers(toOnnx(states, options), images, size, net);
      const grouped = await answers(toOnnx(states, { ...options, layout: 'grouped' }), images, size, net);
      expect(Object.keys(grouped)).toEqual(Object.keys(fused));
      const scale = largest(fused.member_logits!);
      for (const [name, values] of Object.entries(fused)) expect(difference(grouped[name]!, values) / scale).toBeLessThan(1e-5);
    }
  });
  it.each(['lenet-5', 'wrn-10-1'])('%s with normalisation in the graph, and of one member', async (name) => {
    const net = network(modelByName(name, { input: [3, 16, 16], classes: 4 }));
    const images = randomImages(net, 2);
    for (const members of [1, 7]) {
      const states = Array.from({ length: members }, (_, m) => randomState(net, m));
      const options: OnnxOptions = { normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] } };
      const fused = await answers(toOnnx(states, options), images, 2, net);
      const grouped = await answers(toOnnx(states, { ...options, layout: 'grouped' }), images, 2, net);
      for (const [output, values] of Object.entries(fused)) expect(difference(grouped[output]!, values)).toBeLessThan(1e-5);
    }
  });
  it('has the nodes of one member, and its convolutions in a group for each', () => {
    const state = randomState(network(residual), 1);
    const nodesOf = (bytes: Uint8Array) => (decodeModel(bytes) as ModelProto).graph.node.filter(({ opType }) => opType === 'Conv');
    const groups = nodesOf(toOnnx([state, state, state], { layout: 'grouped' })).map(
      ({ attribute }) => attribute.find(({ name }) => name === 'group')?.i ?? 1,
    );
    expect(groups.map(Number)).toEqual([1, 3]); // all see the same images, and each its own planes
    expect(nodesOf(toOnnx([state, state, state]))).toHaveLength(6);
  });
  it('refuses members of two architectures in one sentence', () => {
    const [one, two] = ['wrn-10-1', 'wrn-10-2'].map((name) => randomState(network(modelByName(name, { input: [3, 8, 8], classes: 4 })), 1));
    expect(() => toOnnx([one!, one!, two!], { layout: 'grouped' })).toThrow(
      'layout: expected members of one architecture, which alone can stand side by side, received members[2] (wrn-10-2), built otherwise than members[0] (wrn-10-1)',
    );
  });
  it('allows a name of its own for each', () => {
    const state = randomState(network(residual), 1);
    expect(() => toOnnx([state, { ...state, spec: { ...state.spec, name: 'other' } }], { layout: 'grouped' })).not.toThrow();
  });
});

describe('the precision fp16', () => {
  const dense = (net: Network, seed: number): ModelState => initialState(net, new Map(), seed);
  /** Relative error of one rounding to ten fraction bits. */
  const unit = 2 ** -11;

  it.each(['lenet-300-100', 'lenet-5', 'wrn-10-1'])('%s: logits within what rounding every number can do', async (name) => {
    const net = network(modelByName(name, { input: [1, 28, 28], classes: 4 }));
    const state = foldBatchNorms(net, dense(net, 3));
    const folded = network(state.spec);
    // What the same network makes of absolute values bounds every partial sum; each rounding may change it by one unit. Roundings on a
    // path: of the image, and at each node of its weights, of a sum and of the result.
    const absolute = { ...state, values: new Map([...state.values].map(([param, own]) => [param, own.map(Math.abs)])) };
    const roundings = 1 + 3 * folded.spec.nodes.length;
    for (const layout of ['fused', 'grouped'] as const) {
      const images = randomImages(net, 1);
      const { logits } = await answers(toOnnx([state, state], { output: 'logits', precision: 'fp16', layout }), images, 1, net);
      const exact = logitsOf(folded, state, images);
      const bounds = logitsOf(folded, absolute, images.map(Math.abs)).map((all) => ((1 + unit) ** roundings - 1) * all);
      const errors = exact.map((value, k) => Math.abs(logits![k]! - value));
      errors.forEach((error, k) => {
        expect(error).toBeLessThan(bounds[k]!);
      });
      expect(largest(errors) / largest(exact)).toBeGreaterThan(1e-6); // float32 would come closer
      expect(largest(errors) / largest(exact)).toBeLessThan(0.01);
    }
  });
  it('stores half the bytes, and takes and gives float32', () => {
    const state = dense(network(modelByName('lenet-300-100', { input: [1, 28, 28], classes: 10 })), 1);
    const [full, half] = (['fp32', 'fp16'] as const).map((precision) => toOnnx(state, { precision }));
    expect(half!.length / full!.length).toBeLessThan(0.51);
    const { inputs, outputs } = describeOnnx(half!, 'half.onnx');
    expect([...inputs, ...outputs].map(({ type }) => type)).toEqual(['float', 'float', 'float']);
  });
  it('refuses a weight that no half is large enough for', () => {
    const state = dense(network(nets['a linear layer with and without bias']), 1);
    const values = new Map(state.values).set('fc2.bias', Float32Array.of(0, 70_000, 0, 0));
    expect(() => toOnnx({ ...state, values }, { precision: 'fp16' })).toThrow('member0/fc2.bias[1]: expected a number of at most 65504');
    expect(() => toOnnx({ ...state, values })).not.toThrow();
  });
});

describe('fromOnnx', () => {
  const net = network(modelByName('wrn-10-1', { input: [3, 8, 8], classes: 4 }));
  const sparse = (seed: number) => ({ ...initialState(net, randomTopology(net, uniform()(net, 0.8), seed), seed), step: seed });

  it.each(['fused', 'grouped'] as const)('gives back the tickets of the layout %s, batch norms folded', (layout) => {
    const states = [sparse(5), sparse(6)];
    const back = fromOnnx(toOnnx(states, { layout }), 'a.onnx');
    expect(back).toEqual(states.map((state) => foldBatchNorms(net, state)));
    expect(back[1]!.spec.nodes.filter(({ op }) => op === 'batchNorm').length).toBeLessThan(
      net.spec.nodes.filter(({ op }) => op === 'batchNorm').length,
    );
  });
  it('exported once more they make the same file', () => {
    const bytes = toOnnx([sparse(5), sparse(6)]);
    expect(Buffer.compare(toOnnx(fromOnnx(bytes, 'a.onnx')), bytes)).toBe(0);
  });
  it('half precision comes back rounded, and stays as it is from then on', () => {
    const half = toOnnx(sparse(5), { precision: 'fp16' });
    const [state] = fromOnnx(half, 'a.onnx');
    expect(Buffer.compare(toOnnx(state!, { precision: 'fp16' }), half)).toBe(0);
  });
  it('tickets of several heads, and members of two architectures', () => {
    const tree = network(treeNet(net.spec, { members: 3 }));
    const states = [{ ...randomState(tree, 4), step: 7 }, sparse(5)];
    const back = fromOnnx(toOnnx(states), 'a.onnx');
    expect(back.map(({ step }) => step)).toEqual([7, 5]);
    expect(back.map(({ spec: { heads } }) => heads)).toEqual([3, undefined]);
  });
  it('a live weight of zero is dead from then on; a weight without zeros is dense', () => {
    const plain = network(nets['a linear layer with and without bias']);
    const state = initialState(plain, new Map(), 1);
    const values = new Map(state.values).set('fc1.weight' as ParamName, new Float32Array(63).fill(1).fill(0, 10, 20));
    const [back] = fromOnnx(toOnnx({ ...state, values }), 'a.onnx');
    expect([...back!.topology].map(([param, { live }]) => [param, live.length])).toEqual([['fc1.weight', 53]]);
  });
  it('refuses what FreeTickets did not write, and a file that lacks a constant', () => {
    const bytes = Buffer.from(toOnnx(sparse(5)));
    const foreign = Buffer.from(bytes);
    foreign.write('somebodyels', foreign.indexOf('freetickets'));
    expect(() => fromOnnx(foreign, 'a.onnx')).toThrow('a.onnx: expected a model exported by FreeTickets, received one of somebodyels');
    for (let at = bytes.indexOf('member0/fc.bias'); at >= 0; at = bytes.indexOf('member0/fc.bias')) bytes.write('member9', at);
    expect(() => fromOnnx(bytes, 'a.onnx')).toThrow(
      'a.onnx: constant member0/fc.bias: expected 4 numbers in float32 or float16, received no such constant',
    );
  });
});
