import { describe, expect, it } from 'vitest';
import { network } from './network.ts';

type Json = Record<string, unknown>;

const small = (): Json & { nodes: Json[] } => ({
  version: 1,
  name: 'small',
  input: { shape: [3, 9, 8] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, stride: 2, pad: 1 },
    { id: 'bn', op: 'batchNorm', from: ['conv'], eps: 1e-5, momentum: 0.1 },
    { id: 'relu', op: 'relu', from: ['bn'] },
    { id: 'side', op: 'conv2d', from: ['relu'], out: 4, kernel: 1, bias: false },
    { id: 'add', op: 'add', from: ['relu', 'side'] },
    { id: 'pool', op: 'maxPool', from: ['add'], kernel: 3, stride: 2, pad: 1 },
    { id: 'avg', op: 'avgPool', from: ['pool'], kernel: 2 },
    { id: 'flat', op: 'flatten', from: ['avg'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 5, dense: true },
  ],
  output: 'fc',
});

/** The spec with node `index` changed; a key that becomes undefined is taken away. */
const withNode = (index: number, change: Json): Json => {
  const spec = small();
  const node = { ...spec.nodes[index], ...change };
  spec.nodes[index] = Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined));
  return spec;
};

describe('network', () => {
  it('works out every shape', () => {
    const { shapes, classes, node } = network(small());
    // conv: floor((9 + 2 - 3) / 2) + 1 = 5 by floor((8 + 2 - 3) / 2) + 1 = 4. pool: floor((5 + 2 - 3) / 2) + 1 = 3 by 2. avg: 1 by 1.
    expect(Object.fromEntries(shapes)).toEqual({
      input: [3, 9, 8],
      conv: [4, 5, 4],
      bn: [4, 5, 4],
      relu: [4, 5, 4],
      side: [4, 5, 4],
      add: [4, 5, 4],
      pool: [4, 3, 2],
      avg: [4, 1, 1],
      flat: [4],
      fc: [5],
    });
    expect(classes).toBe(5);
    expect(node('pool')).toMatchObject({ op: 'maxPool', kernel: 3 });
    expect(() => node('poool')).toThrow(/a node of small/);
  });

  it('lists parameters in the order of the nodes', () => {
    const { params } = network(small());
    expect([...params.keys()]).toEqual([
      'conv.weight',
      'conv.bias',
      'bn.weight',
      'bn.bias',
      'bn.running_mean',
      'bn.running_var',
      'side.weight',
      'fc.weight',
      'fc.bias',
    ]);
    expect(params.get('conv.weight')).toEqual({
      node: 'conv',
      kind: 'weight',
      shape: [4, 3, 3, 3],
      size: 108,
      sparsifiable: true,
      trainable: true,
    });
    expect(params.get('fc.weight')).toMatchObject({ shape: [5, 4], sparsifiable: false });
    expect(params.get('bn.running_var')).toMatchObject({ kind: 'runningVariance', shape: [4], trainable: false });
    expect(params.get('bn.weight')).toMatchObject({ kind: 'scale', sparsifiable: false, trainable: true });
  });

  it('gives batch normalization of features one number each', () => {
    const spec = small();
    spec.nodes.push({ id: 'last', op: 'batchNorm', from: ['fc'] });
    expect(network({ ...spec, output: 'last' }).params.get('last.weight')!.shape).toEqual([5]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 7, /^spec: expected an object, received 7/],
    ['a list', [], /^spec: expected an object/],
    ['another version', { ...small(), version: 2 }, /^version: expected 1, received 2/],
    ['no name', { ...small(), name: '' }, /^name: expected a name/],
    ['an unknown key', { ...small(), ouput: 'fc' }, /^spec.ouput: expected the key output/],
    ['an unknown input key', { ...small(), input: { shape: [3, 9, 8], size: 1 } }, /^input.size: expected one of the keys shape/],
    ['no input', { ...small(), input: undefined }, /^input.shape: expected \(C, H, W\) or \(features\)/],
    ['an input of two dimensions', { ...small(), input: { shape: [3, 9] } }, /^input.shape/],
    ['an input of size 0', { ...small(), input: { shape: [3, 0, 9] } }, /^input.shape/],
    [
      'an unknown initialization',
      { ...small(), initialization: 'he' },
      /^initialization: expected torch, he-fan-out, he-fan-in, received "he"/,
    ],
    ['no nodes', { ...small(), nodes: [] }, /^nodes: expected a list of at least one node/],
    ['nodes that are no list', { ...small(), nodes: {} }, /^nodes: expected a list/],
    ['a node that is no object', { ...small(), nodes: [null] }, /^nodes\[0\]: expected an object, received null/],
    ['a node without id', withNode(0, { id: undefined }), /^nodes\[0\].id: expected a name/],
    ['an id with a space', withNode(2, { id: 'a b' }), /^nodes\[2\].id: expected a name of letters/],
    ['an id twice', withNode(2, { id: 'bn' }), /^nodes\[2\].id: expected a name that no earlier node has, received "bn"/],
    ['a node called input', withNode(0, { id: 'input' }), /^nodes\[0\].id: expected a name that no earlier/],
    ['an unknown operation', withNode(0, { op: 'conv3d' }), /^nodes\[0\].op: expected a known operation such as conv2d, received "conv3d"/],
    ['an operation from the prototype', withNode(2, { op: 'constructor' }), /^nodes\[2\].op: expected one of conv2d/],
    ['an unknown key of a node', withNode(0, { kernal: 3 }), /^nodes\[0\].kernal: expected the key kernel, received "kernal"/],
    ['a missing key', withNode(0, { out: undefined }), /^nodes\[0\].out: expected a whole number from 1 to 16777216, received undefined/],
    ['half a channel', withNode(0, { out: 0.5 }), /^nodes\[0\].out/],
    ['negative padding', withNode(0, { pad: -1 }), /^nodes\[0\].pad: expected a whole number from 0 to 16777216/],
    ['a stride of 0', withNode(0, { stride: 0 }), /^nodes\[0\].stride/],
    ['a bias that is no flag', withNode(0, { bias: 1 }), /^nodes\[0\].bias: expected true or false/],
    ['a momentum above 1', withNode(1, { momentum: 1.5 }), /^nodes\[1\].momentum: expected a number in \(0, 1\]/],
    ['padding as wide as the pooling window', withNode(5, { pad: 3 }), /^nodes\[5\].pad: expected less than the kernel, 3, received 3/],
    ['padding of average pooling', withNode(6, { pad: 1 }), /^nodes\[6\].pad: expected/],
    ['a later node', withNode(0, { from: ['bn'] }), /^nodes\[0\].from\[0\]: expected the id of an earlier node/],
    ['itself', withNode(2, { from: ['relu'] }), /^nodes\[2\].from\[0\]: expected the id of an earlier node/],
    ['no inputs', withNode(2, { from: undefined }), /^nodes\[2\].from: expected a list of 1 node id, received undefined/],
    ['one addend', withNode(4, { from: ['relu'] }), /^nodes\[4\].from: expected a list of 2 node ids/],
    [
      'addends of two shapes',
      withNode(4, { from: ['relu', 'input'] }),
      /^nodes\[4\].from: expected inputs of one shape, \(4,5,4\), received \[3,9,8\]/,
    ],
    [
      'a kernel larger than its input',
      withNode(0, { kernel: 12 }),
      /^nodes\[0\]: expected an input of at least 10 x 10, received \[3,9,8\]/,
    ],
    ['a linear layer on images', withNode(8, { from: ['avg'] }), /^nodes\[8\]: expected an input of shape \(features\); put a flatten/],
    ['a convolution of features', { ...withNode(8, { op: 'conv2d', kernel: 1 }) }, /^nodes\[8\]: expected an input of shape \(C, H, W\)/],
    ['an output that is no node', { ...small(), output: 'fd' }, /^output: expected the id of a node, received "fd"/],
    ['the input as output', { ...small(), output: 'input' }, /^output: expected the id of a node/],
    ['images as output', { ...small(), output: 'relu' }, /^output: expected a node of shape \(classes\), received \[4,5,4\]/],
    [
      'a parameter that no array can hold',
      {
        version: 1,
        name: 'a',
        input: { shape: [70_000] },
        nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 70_000 }],
        output: 'fc',
      },
      /^fc.weight: expected at most 2147483648 numbers in one parameter/,
    ],
  ])('refuses %s', (_, spec, message) => {
    expect(() => network(spec)).toThrow(message);
    expect(() => network(spec)).toThrow(expect.objectContaining({ code: 'INVALID_SPEC' }));
  });

  it('names every fault in one message, but not what follows from a fault', () => {
    const spec = small();
    Object.assign(spec.nodes[0]!, { kernel: 0, stide: 2 });
    Object.assign(spec.nodes[8]!, { out: -1 });
    let message = '';
    try {
      network({ ...spec, version: 3 });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.match(/expected/g)).toHaveLength(4);
    for (const fault of ['version', 'nodes[0].kernel', 'nodes[0].stide: expected the key stride', 'nodes[8].out'])
      expect(message).toContain(fault);
  });

  it('stops listing after twenty faults', () => {
    const nodes = Array.from({ length: 500 }, (_, i) => ({ id: `n${i}`, op: 'rellu', from: ['input'] }));
    expect(() => network({ ...small(), nodes })).toThrow(/nodes\[19\].op: [^.]*. And 480 more$/);
  });
});
