import { describe, expect, it } from 'vitest';
import { erk } from './distribution.ts';
import { SparseError } from './errors.ts';
import { resnet20 } from './models/resnet.ts';
import { network } from './network.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts';
import type { NetworkSpec, ParamName } from './spec.ts';
import { initialState, type ModelState } from './state.ts';
import { decodeTicket, encodeTicket } from './ticket-file.ts';
import type { TicketInfo } from './ticket-info.ts';
import { randomTopology } from './topology.ts';

const spec: NetworkSpec = {
  version: 1,
  name: 'tiny',
  input: { shape: [3] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 2 },
    { id: 'fc2', op: 'linear', from: ['fc1'], out: 2, bias: false },
  ],
  output: 'fc2',
};

/** fc1 (2, 3) with live 0, 1, 5, of which position 1 has the value 0; fc2 (2, 2) dense with two zeros. */
const tiny: ModelState = {
  spec,
  topology: new Map([['fc1.weight', { shape: [2, 3], live: Uint32Array.of(0, 1, 5) }]]),
  values: new Map<ParamName, Float32Array>([
    ['fc1.weight', Float32Array.of(1.5, 0, -2)],
    ['fc1.bias', Float32Array.of(0, 0.25)],
    ['fc2.weight', Float32Array.of(0, 1, -0, 4)],
  ]),
  step: 1234,
};

const info: TicketInfo = {
  classes: ['cat', 'dog'],
  normalization: { mean: [0.5], std: [0.25] },
  metrics: { accuracy: 0.9 },
  provenance: { seed: 3, plan: 'edst' },
};

/** The file with something changed. */
function altered(change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeTicket(tiny, info), 'tiny');
  change(tensors, metadata);
  return encodeSafetensors(tensors, metadata);
}

function fault(bytes: Uint8Array): string {
  try {
    decodeTicket(bytes, 'runs/t.safetensors');
  } catch (error) {
    if (error instanceof SparseError && error.code === 'BAD_FILE') return error.message;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('ticket file', () => {
  it('stores dense float32 tensors, dead as +0 and a live 0 as -0', () => {
    const { tensors, metadata } = decodeSafetensors(encodeTicket(tiny), 'tiny');
    expect([...tensors.keys()]).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight']);
    const weight = tensors.get('fc1.weight')!;
    expect(weight).toMatchObject({ dtype: 'F32', shape: [2, 3] });
    expect([...(weight.data as Float32Array)]).toStrictEqual([1.5, -0, 0, 0, 0, -2]);
    expect([...(tensors.get('fc2.weight')!.data as Float32Array)]).toStrictEqual([0, 1, -0, 4]);
    expect(metadata).toMatchObject({ format: 'freetickets.ticket', format_version: '2', step: '1234', sparse: '["fc1.weight"]' });
    expect(JSON.parse(metadata.spec!)).toEqual(spec);
  });

  it('of version 1, which had no seal, is read', () => {
    const first = altered((_, m) => {
      m.format_version = '1';
      delete m.seal;
    });
    expect(decodeTicket(first, 'tiny').state).toEqual(decodeTicket(encodeTicket(tiny, info), 'tiny').state);
  });

  it('gives back spec, topology, values, step and info', () => {
    const { state, info: read } = decodeTicket(encodeTicket(tiny, info), 'tiny');
    expect(state).toStrictEqual(tiny);
    expect(read).toEqual(info);
  });

  it('reads a live -0 as 0', () => {
    const values = new Map(tiny.values).set('fc1.weight', Float32Array.of(1.5, -0, -2));
    expect(decodeTicket(encodeTicket({ ...tiny, values }), 'tiny').state.values.get('fc1.weight')).toStrictEqual(
      Float32Array.of(1.5, 0, -2),
    );
  });

  it('keeps a sparse weight apart whose weights all live, or none', () => {
    const some = { ...tiny, values: new Map(tiny.values).set('fc1.weight', Float32Array.of(1, 0, 3, 4, 5, 6)) };
    const all: ModelState = { ...some, topology: new Map([['fc1.weight', { shape: [2, 3], live: Uint32Array.of(0, 1, 2, 3, 4, 5) }]]) };
    expect(decodeTicket(encodeTicket(all), 'tiny').state).toStrictEqual(all);
    const none: ModelState = {
      ...tiny,
      topology: new Map([['fc1.weight', { shape: [2, 3], live: new Uint32Array(0) }]]),
      values: new Map(tiny.values).set('fc1.weight', new Float32Array(0)),
    };
    expect(decodeTicket(encodeTicket(none), 'tiny').state).toStrictEqual(none);
  });

  it('keeps values that are not finite', () => {
    const values = new Map(tiny.values).set('fc1.weight', Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1e-45));
    expect(decodeTicket(encodeTicket({ ...tiny, values }), 'tiny').state.values.get('fc1.weight')).toStrictEqual(values.get('fc1.weight'));
  });

  it('leaves momentum out and gives equal states equal bytes', () => {
    const momentum = new Map<ParamName, Float32Array>([
      ['fc1.weight', new Float32Array(3)],
      ['fc1.bias', new Float32Array(2)],
      ['fc2.weight', new Float32Array(4)],
    ]);
    expect(encodeTicket({ ...tiny, momentum }, info)).toEqual(encodeTicket(tiny, info));
  });

  it('round-trips a ResNet-20 at sparsity 0.9 bit for bit', () => {
    const net = network(resnet20());
    const topology = randomTopology(net, erk()(net, 0.9), 1);
    const state = initialState(net, topology, 1);
    expect(decodeTicket(encodeTicket(state), 'resnet').state).toStrictEqual(state);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'another format',
      altered((_, m) => Object.assign(m, { format: 'pt' })),
      /metadata.format: expected freetickets.ticket, received "pt"/,
    ],
    [
      'no metadata',
      altered((_, m) => {
        for (const key of Object.keys(m)) delete m[key];
      }),
      /metadata.format: .* received undefined. The file is not a ticket/,
    ],
    ['a newer version', altered((_, m) => Object.assign(m, { format_version: '3' })), /metadata.format_version: expected 2, received "3"/],
    [
      'a damaged seal',
      altered((_, m) => Object.assign(m, { seal: m.seal!.replace('sha', 'shb') })),
      /metadata.seal: expected freetickets-/,
    ],
    ['a spec that is no JSON', altered((_, m) => Object.assign(m, { spec: '{' })), /metadata.spec: expected JSON/],
    [
      'a wrong spec',
      altered((_, m) => Object.assign(m, { spec: '{"version":1}' })),
      /metadata.spec: expected a network spec, received name: expected a name/,
    ],
    ['a wrong step', altered((_, m) => Object.assign(m, { step: '-1' })), /metadata.step/],
    ['a sparse list that is none', altered((_, m) => Object.assign(m, { sparse: '{}' })), /metadata.sparse: expected a list/],
    ['a sparse bias', altered((_, m) => Object.assign(m, { sparse: '["fc1.bias"]' })), /metadata.sparse: .* received "fc1.bias"/],
    ['a number among sparse names', altered((_, m) => Object.assign(m, { sparse: '[1]' })), /metadata.sparse/],
    [
      'a missing tensor',
      altered((t) => t.delete('fc1.bias')),
      /t.safetensors: tensor fc1.bias: expected F32 of shape \(2\), received "no such tensor"/,
    ],
    ['a foreign tensor', altered((t) => t.set('fc9.weight', t.get('fc1.bias')!)), /tensor fc9.weight: expected a parameter of tiny/],
    [
      'a wrong shape',
      altered((t) => t.set('fc1.weight', { dtype: 'F32', shape: [3, 2], data: new Float32Array(6) })),
      /tensor fc1.weight: expected F32 of shape \(2,3\), received "F32 of shape \(3,2\)"/,
    ],
    [
      'a wrong dtype',
      altered((t) => t.set('fc1.bias', { dtype: 'F64', shape: [2], data: new Float64Array(2) })),
      /fc1.bias: .* received "F64/,
    ],
    ['info that is no object', altered((_, m) => Object.assign(m, { info: '3' })), /metadata.info: info: expected an object/],
    ['too few classes', altered((_, m) => Object.assign(m, { info: '{"classes":["cat"]}' })), /metadata.info: classes: expected 2 names/],
  ])('refuses %s', (_, bytes, message) => {
    expect(fault(bytes)).toMatch(message);
  });

  it.each<[string, TicketInfo, RegExp]>([
    ['class names', { classes: ['one'] }, /classes: expected 2 names/],
    ['standard deviations', { normalization: { mean: [0], std: [0] } }, /normalization.std/],
    ['means', { normalization: { mean: [], std: [] } }, /normalization.mean/],
    ['metrics', { metrics: { nll: Number.NaN } }, /metrics.nll: expected a finite number, received NaN/],
    ['provenance', { provenance: { a: null as unknown as string } }, /provenance.a/],
  ])('refuses to write wrong %s', (_, wrong, message) => {
    expect(() => encodeTicket(tiny, wrong)).toThrow(message);
  });

  it('refuses to write a state that does not fit its spec', () => {
    const values = new Map(tiny.values).set('fc1.weight', new Float32Array(6));
    expect(() => encodeTicket({ ...tiny, values })).toThrow(/values of fc1.weight: expected 3 numbers, received "6 numbers"/);
  });
});
