import { readFileSync } from 'node:fs';
import { network, rng } from '@freetickets/sparse-core';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { nets, randomState, residual } from '../testing/nets.ts';
import { describeOnnx, toOnnx } from './index.ts';
import { onnxSchema } from './onnx-schema.ts';
import { encodeModel, type ModelProto } from './proto.ts';

const state = randomState(network(residual), 2);
const small = randomState(network(nets['a linear layer with and without bias']), 3);

describe('describeOnnx', () => {
  it('reads back what toOnnx was told', () => {
    const normalization = { mean: [0.5, 0.25, 0.125], std: [1, 2, 4] };
    const options = {
      classes: ['ant', 'bee', 'cat', 'dög'],
      metrics: { accuracy: 0.5 },
      calibration: { temperature: 2 },
      normalization,
      producerVersion: '1.2.3',
      name: 'zoo',
    };
    expect(describeOnnx(toOnnx([state, state], options), 'zoo.onnx')).toMatchObject({
      irVersion: 8,
      opset: 17,
      producer: 'freetickets',
      producerVersion: '1.2.3',
      graph: 'zoo',
      inputs: [{ name: 'images', type: 'float', shape: ['batch', 3, 8, 8] }],
      outputs: [
        { name: 'probabilities', type: 'float', shape: ['batch', 4] },
        { name: 'member_probabilities', type: 'float', shape: ['batch', 2, 4] },
      ],
      freetickets: {
        format: 1,
        members: 2,
        networks: ['case', 'case'],
        steps: [200, 200],
        classes: ['ant', 'bee', 'cat', 'dög'],
        metrics: { accuracy: 0.5 },
        calibration: { temperature: 2 },
        normalization: { ...normalization, inGraph: true },
      },
    });
  });
  it('says which constants the caller must apply when they are not in the graph', () => {
    const normalization = { mean: [0.5], std: [2], inGraph: false };
    const { freetickets } = describeOnnx(toOnnx(state, { normalization }), 'a.onnx');
    expect(freetickets!.normalization).toEqual(normalization);
    const plain = describeOnnx(toOnnx(state), 'a.onnx');
    expect(plain.freetickets).toMatchObject({ normalization: null, classes: null, metrics: null });
  });
  it('gives the measured sparsity: dead weights over weights that may be', () => {
    // A third of each weight lives, rounded up: 7 x 9 = 63 -> 21, 9 x 4 = 36 -> 12.
    expect(describeOnnx(toOnnx([small]), 'a.onnx').freetickets!.sparsity).toEqual([1 - (21 + 12) / (63 + 36)]);
    const dense = { ...small, topology: new Map(), values: new Map(small.values) };
    dense.values.set('fc1.weight', new Float32Array(63)).set('fc2.weight', new Float32Array(36));
    expect(describeOnnx(toOnnx(dense), 'a.onnx').freetickets!.sparsity).toEqual([0]);
  });
  it('names logits as such', () => {
    expect(describeOnnx(toOnnx(small, { output: 'logits' }), 'a.onnx').outputs.map(({ name }) => name)).toEqual([
      'logits',
      'member_logits',
    ]);
  });
  it('reads files of other producers', () => {
    const tensor = (name: string, elemType: number, dim: readonly object[]) => ({
      name,
      type: { tensorType: { elemType, shape: { dim } } },
    });
    const model: ModelProto = {
      irVersion: 3,
      opsetImport: [
        { domain: 'ai.onnx.ml', version: 2 },
        { domain: 'ai.onnx', version: 9 },
      ],
      producerName: 'elsewhere',
      producerVersion: '',
      graph: {
        name: 'g',
        node: [],
        initializer: [{ name: 'weight', dataType: 1, dims: [0], rawData: new Uint8Array(0) }],
        input: [tensor('x', 7, [{ dimParam: 'rows' }, {}, { dimValue: 0 }]), tensor('weight', 1, []), { name: 'list', type: {} as never }],
        output: [tensor('y', 10, [])],
      },
      metadataProps: [{ key: 'author', value: 'somebody' }],
    };
    expect(describeOnnx(encodeModel(model), 'other.onnx')).toEqual({
      irVersion: 3,
      opset: 9,
      producer: 'elsewhere',
      producerVersion: '',
      graph: 'g',
      inputs: [
        { name: 'x', type: 'int64', shape: ['rows', null, 0] },
        { name: 'list', type: 'unknown' },
      ],
      outputs: [{ name: 'y', type: 'float16', shape: [] }],
      metadata: { author: 'somebody' },
      operators: [],
      externalData: [],
    });
  });
  it('lists the operators and the other files that a file leans on, wherever they stand', () => {
    const elsewhere = (location: string) => ({
      dims: [1],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: 'location', value: location }],
    });
    const node = (opType: string, fields: object = {}) => ({ opType, ...fields });
    const graph = (name: string, fields: object = {}) => ({ name, output: [{ name: 'y' }], ...fields });
    const attributes = [
      { name: 'then_branch', g: graph('then', { node: [node('Add')], initializer: [elsewhere('branch')] }) },
      { name: 'bodies', graphs: [graph('body', { node: [node('Scale', { domain: 'company' })] })] },
      { name: 'value', t: elsewhere('constant') },
      { name: 'values', tensors: [elsewhere('constants'), elsewhere('weights')] },
      { name: 'sparse_value', sparseTensor: { values: elsewhere('values'), indices: elsewhere('indices') } },
    ];
    const model = {
      irVersion: 8,
      opsetImport: [{ domain: '', version: 17 }],
      graph: graph('g', {
        node: [node('If', { attribute: attributes }), node('Add', { domain: 'ai.onnx' }), node('Own', { domain: 'here' })],
        initializer: [elsewhere('weights')],
        sparseInitializer: [{ values: elsewhere('sparse'), indices: { dims: [1], dataType: 7 } }],
      }),
      functions: [{ name: 'Own', domain: 'here', node: [node('Gelu', { domain: 'com.microsoft' })] }],
    };
    const { operators, externalData } = describeOnnx(encodeModel(model as unknown as ModelProto), 'a.onnx');
    expect(operators.map(({ domain, name }) => `${domain} ${name}`).sort()).toEqual([
      'ai.onnx Add',
      'ai.onnx If',
      'com.microsoft Gelu',
      'company Scale',
    ]);
    expect([...externalData].sort()).toEqual(['branch', 'constant', 'constants', 'indices', 'sparse', 'values', 'weights']);
  });
});

describe('bad files', () => {
  const bytes = toOnnx(small, { classes: ['a', 'b', 'c', 'd'], normalization: { mean: [0], std: [1] } });
  const badFile = (at = 'bad.onnx') => expect.objectContaining({ code: 'BAD_FILE', at });

  it('a file cut off at any length', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => describeOnnx(bytes.subarray(0, length), 'bad.onnx'), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'BAD_FILE' }),
      );
    expect(describeOnnx(bytes, 'bad.onnx').freetickets!.members).toBe(1);
  });
  it('an empty file, text, an image, and random bytes', () => {
    const stream = rng(1).stream('garbage');
    const garbage = Array.from({ length: 200 }, () => Uint8Array.from({ length: 300 }, () => stream.below(256)));
    const text = new TextEncoder().encode('{"spec": "this is JSON, not protobuf"}');
    for (const bad of [new Uint8Array(0), text, Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...garbage])
      expect(() => describeOnnx(bad, 'bad.onnx')).toThrow(badFile());
  });
  it('messages nested without end', () => {
    // Field 7 of a model is its graph, 1 of a graph a node, 5 of a node an attribute, 6 of an attribute a graph: each tag, then the length.
    let nested: number[] = [];
    for (let depth = 0; nested.length < 5000; depth++) {
      const length = nested.length < 128 ? [nested.length] : [(nested.length & 127) | 128, nested.length >> 7];
      nested = [([6, 5, 1][depth % 3]! << 3) | 2, ...length, ...nested];
    }
    const bad = Uint8Array.from([(7 << 3) | 2, (nested.length & 127) | 128, nested.length >> 7, ...nested]);
    expect(() => describeOnnx(bad, 'bad.onnx')).toThrow(badFile());
  });

  const model = (metadata: Readonly<Record<string, string>>): Uint8Array => {
    const tensor = { name: 'probabilities', type: { tensorType: { elemType: 1, shape: { dim: [] } } } };
    return encodeModel({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 17 }],
      producerName: 'freetickets',
      producerVersion: '',
      graph: { name: 'g', node: [], initializer: [], input: [], output: [tensor] },
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key: `freetickets.${key}`, value })),
    });
  };
  const good = {
    format: '1',
    members: '2',
    networks: '["a","b"]',
    steps: '[1,2]',
    sparsity: '[0,0]',
    layout: '"fused"',
    specs: '[{},{}]',
    classes: 'null',
    normalization: 'null',
    calibration: 'null',
    metrics: 'null',
  };
  const { metrics: _, ...incomplete } = good;
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['a newer format', { ...good, format: '2' }, 'format'],
    ['members of none', { ...good, members: '0' }, 'members'],
    ['fewer names than members', { ...good, networks: '["a"]' }, 'networks'],
    ['steps that are no numbers', { ...good, steps: '["1","2"]' }, 'steps'],
    ['a layout of the future', { ...good, layout: '"diagonal"' }, 'layout'],
    ['a spec that is none', { ...good, specs: '[1, 2]' }, 'specs'],
    ['something that is no JSON', { ...good, sparsity: '[0, 0' }, 'sparsity'],
    ['class names that are numbers', { ...good, classes: '[1, 2]' }, 'classes'],
    ['constants without inGraph', { ...good, normalization: '{"mean":[0],"std":[1]}' }, 'normalization'],
    ['metrics that are a list', { ...good, metrics: '[1]' }, 'metrics'],
    ['a missing property', incomplete, 'metrics'],
  ];
  it('accepts what the cases below are made of', () => expect(describeOnnx(model(good), 'good.onnx').freetickets!.steps).toEqual([1, 2]));
  it.each(cases)('%s', (_, metadata, key) => {
    expect(() => describeOnnx(model(metadata), 'bad.onnx')).toThrow(badFile(`bad.onnx: freetickets.${key}`));
  });
});

it('the schema module is what onnx.proto says', () => {
  const source = readFileSync(new URL('../onnx.proto', import.meta.url), 'utf8');
  expect(onnxSchema).toEqual(protobuf.parse(source).root.toJSON());
});
