import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resnet } from './models/resnet.ts';
import { network } from './network.ts';
import { decodePyTorch, fromPyTorch } from './pytorch-import.ts';
import { encodeSafetensors, type Tensor } from './safetensors.ts';
import type { NetworkSpec } from './spec.ts';

const read = (name: string) => readFileSync(new URL(`../../../test/golden/pytorch/${name}.safetensors`, import.meta.url));

// (2) -> fc1 (2, 2), normalized -> fc2 (1, 2) without bias
const spec: NetworkSpec = {
  version: 1,
  name: 'tiny',
  input: { shape: [2] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 2 },
    { id: 'bn', op: 'batchNorm', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['bn'], out: 1, bias: false },
  ],
  output: 'fc2',
};
const net = network(spec);

const floats = (shape: number[], ...data: number[]): Tensor => ({ dtype: 'F32', shape, data: Float32Array.from(data) });
const tiny = (): Map<string, Tensor> =>
  new Map([
    ['fc1.weight', floats([2, 2], 1, 0, -0, 2)],
    ['fc1.bias', floats([2], 0.5, 0)],
    ['bn.weight', floats([2], 1, 1)],
    ['bn.bias', floats([2], 0, 0)],
    ['bn.running_mean', floats([2], 0, 3)],
    ['bn.running_var', floats([2], 1, 4)],
    ['bn.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
    ['fc2.weight', floats([1, 2], -1, 4)],
  ]);
const changed = (...changes: [string, Tensor | undefined][]) => {
  const tensors = tiny();
  for (const [name, tensor] of changes) {
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
  }
  return tensors;
};

describe('fromPyTorch', () => {
  it.each([
    ['resnet-18-w2', 18],
    ['resnet-50-w2', 50],
  ] as const)('reads %s, as PyTorch wrote it, number for number', (name, depth) => {
    const file = decodePyTorch(read(name), name);
    const state = fromPyTorch(network(resnet({ depth, classes: 5, width: 2 })), file, name);
    expect([state.step, state.topology.size, state.spec.name]).toEqual([0, 0, name]);
    for (const [param, values] of state.values) expect(values, param).toEqual(file.get(param)!.data);
    expect(state.values.size).toBe([...file.keys()].filter((key) => !key.endsWith('num_batches_tracked')).length);
  });

  it('reads a network of the user by the names of its spec', () => {
    const state = fromPyTorch(net, tiny(), 'a.safetensors');
    expect(state.values.get('bn.running_var')).toEqual(Float32Array.of(1, 4));
    expect([...state.values.keys()]).toEqual([...net.params.keys()]);
  });

  it.each(['module.', '_orig_mod.', 'model.', 'module._orig_mod.'])('leaves out the prefix %s of every name', (prefix) => {
    const wrapped = new Map([...tiny()].map(([name, tensor]) => [prefix + name, tensor]));
    expect(fromPyTorch(net, wrapped, 'a').values.get('fc2.weight')).toEqual(Float32Array.of(-1, 4));
  });

  it('keeps a prefix that the spec has too', () => {
    const nodes = spec.nodes.map((node) => ({
      ...node,
      id: `model.${node.id}`,
      from: node.from.map((id) => (id === 'input' ? id : `model.${id}`)),
    }));
    const prefixed = network({ ...spec, nodes, output: 'model.fc2' });
    const wrapped = new Map([...tiny()].map(([name, tensor]) => [`module.model.${name}`, tensor]));
    expect(fromPyTorch(prefixed, wrapped, 'a').values.get('model.fc2.weight')).toEqual(Float32Array.of(-1, 4));
  });

  it('renames modules, and what merely begins like one not', () => {
    const tensors = changed(['fc2.weight', undefined], ['head.linear.weight', floats([1, 2], 5, 6)]);
    expect(fromPyTorch(net, tensors, 'a', { rename: { 'head.linear': 'fc2', f: 'x' } }).values.get('fc2.weight')).toEqual(
      Float32Array.of(5, 6),
    );
  });

  it('refuses to give two modules one name', () => {
    const tensors = changed(['linear.weight', floats([1, 2], 5, 6)]);
    expect(() => fromPyTorch(net, tensors, 'a', { rename: { linear: 'fc2' } })).toThrow(
      /rename: expected another name for each module, received "fc2\.weight twice"/,
    );
  });

  it('rounds other precisions to float32', () => {
    // binary16: 0x3c00 = 1, 0xc000 = -2, 0x0001 = 2^-24 (subnormal), 0x7bff = 65504; bfloat16: 0x3f80 = 1, 0xc040 = -3
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff);
    const tensors = changed(
      ['fc1.weight', { dtype: 'F16', shape: [2, 2], data: half }],
      ['fc1.bias', { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xc040) }],
      ['fc2.weight', { dtype: 'F64', shape: [1, 2], data: Float64Array.of(0.1, -1) }],
    );
    const { values } = fromPyTorch(net, tensors, 'a');
    expect(values.get('fc1.weight')).toEqual(Float32Array.of(1, -2, 2 ** -24, 65504));
    expect(values.get('fc1.bias')).toEqual(Float32Array.of(1, -3));
    expect(values.get('fc2.weight')).toEqual(Float32Array.of(Math.fround(0.1), -1));
  });

  it('takes zeros of either sign for dead if asked, in weights only, and leaves whole weights dense', () => {
    const { topology, values } = fromPyTorch(net, tiny(), 'a', { zerosAreDead: true });
    expect([...topology]).toEqual([['fc1.weight', { shape: [2, 2], live: Uint32Array.of(0, 3) }]]);
    expect(values.get('fc1.weight')).toEqual(Float32Array.of(1, 2));
    expect(values.get('fc1.bias')).toEqual(Float32Array.of(0.5, 0));
    expect(fromPyTorch(net, tiny(), 'a').topology.size).toBe(0);
  });

  it('lists everything that does not fit in one sentence', () => {
    const tensors = changed(
      ['fc2.weight', undefined],
      ['fc1.bias', floats([3], 1, 2, 3)],
      ['aux.weight', floats([9], ...Array(9).fill(0))],
    );
    const act = () => fromPyTorch(net, tensors, 'weights.safetensors');
    expect(act).toThrow(
      'weights.safetensors: expected the 7 parameters of tiny, received a file without fc2.weight; with aux.weight; with the shapes fc1.bias (3) instead of (2)',
    );
    expect(act).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
  });

  it('guesses which layer has another name', () => {
    const tensors = changed(['fc2.weight', undefined], ['linear.weight', floats([1, 2], 5, 6)]);
    expect(() => fromPyTorch(net, tensors, 'a')).toThrow(/without fc2\.weight; with linear\.weight\. Perhaps fc2 is called linear there/);
  });

  it('asks about classes when only shapes differ', () => {
    const tensors = changed(['fc2.weight', floats([2, 2], 1, 2, 3, 4)]);
    expect(() => fromPyTorch(net, tensors, 'a')).toThrow(
      /fc2\.weight \(2,2\) instead of \(1,2\)\. Was it made for other classes or pictures\?$/,
    );
  });

  it('names eight of many and counts the others', () => {
    expect(() => fromPyTorch(network(resnet({ depth: 18 })), new Map(), 'a')).toThrow(
      /without conv1\.weight, (?:[^,;]+, ){6}[^,;]+ and 94 more/,
    );
  });

  it.each<[string, Tensor, RegExp]>([
    ['NaN', floats([1, 2], 1, Number.NaN), /a: tensor fc2\.weight: expected numbers that float32 can hold, received NaN/],
    ['a double beyond float32', { dtype: 'F64', shape: [1, 2], data: Float64Array.of(1e39, 0) }, /received Infinity/],
    ['infinity in half precision', { dtype: 'F16', shape: [1, 2], data: Uint16Array.of(0xfc00, 0) }, /received -Infinity/],
    [
      'integers',
      { dtype: 'I32', shape: [1, 2], data: Int32Array.of(1, 2) },
      /tensor fc2\.weight: expected F32, F64, F16 or BF16, received "I32"/,
    ],
  ])('refuses %s', (_, tensor, message) => {
    expect(() => fromPyTorch(net, changed(['fc2.weight', tensor]), 'a')).toThrow(message);
  });
});

describe('decodePyTorch', () => {
  it.each([
    ['zip', [0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]],
    ['pickle', [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]],
  ])('tells how to convert a checkpoint (%s)', (_, bytes) => {
    expect(() => decodePyTorch(Uint8Array.from(bytes), 'model.pth')).toThrow(
      /^model\.pth: expected a safetensors file, received a pickled PyTorch checkpoint\. Convert it in Python: safetensors\.torch\.save_file/,
    );
  });

  it('reads a safetensors file whose header is as long as a pickle begins', () => {
    // 640 bytes: the length's first two bytes are 0x80 0x02
    const empty = encodeSafetensors(new Map(), { note: 'x'.repeat(640 - '{"__metadata__":{"note":""}}'.length) });
    expect([...empty.subarray(0, 9)]).toEqual([0x80, 2, 0, 0, 0, 0, 0, 0, 0x7b]);
    expect(decodePyTorch(empty, 'a').size).toBe(0);
  });
});
