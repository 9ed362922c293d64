import { describe, expect, it } from 'vitest';
import { erk } from './distribution.ts';
import { lenet5 } from './models/lenet5.ts';
import { network } from './network.ts';
import { packState, unpackState } from './packed-state.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts';
import type { ParamName } from './spec.ts';
import { initialState, type ModelState } from './state.ts';
import { randomTopology } from './topology.ts';

const net = network(lenet5());
const state: ModelState = (() => {
  const fresh = initialState(net, randomTopology(net, erk()(net, 0.9), 5), 5);
  const momentum = new Map([...fresh.values].map(([param, values]) => [param, values.map((value) => -value / 3)]));
  fresh.values.get('conv2.weight')!.set([-0, Number.NaN, Number.NEGATIVE_INFINITY]);
  return { ...fresh, momentum, step: 77 };
})();

const unpack = (tensors: ReadonlyMap<string, Tensor>, prefix = '') => unpackState(tensors, state.spec, 77, 'run/last.safetensors', prefix);

describe('packed state', () => {
  it('comes back bit for bit, through a file and beside other tensors', () => {
    const tensors = packState(state, 'model/').set('other', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) });
    const read = decodeSafetensors(encodeSafetensors(tensors, {}), 'file').tensors;
    expect(unpack(read, 'model/')).toStrictEqual(state);
  });

  it('comes back with the momentum of dead weights', () => {
    const denseMomentum = new Map(
      [...state.topology.keys()].map((param) => [param, new Float32Array(net.params.get(param)!.size).fill(-0)]),
    );
    const all = { ...state, denseMomentum };
    expect(unpack(packState(all))).toStrictEqual(all);
    const short = new Map(denseMomentum).set('fc3.weight', new Float32Array(3));
    expect(() => packState({ ...state, denseMomentum: short })).toThrow(
      /dense momentum of fc3.weight: expected 400000 numbers, received "3 numbers"/,
    );
    const ofDense = new Map(denseMomentum).set('conv1.weight', new Float32Array(500));
    expect(() => packState({ ...state, denseMomentum: ofDense })).toThrow(
      /dense momentum of conv1.weight: expected none, received "500 numbers"/,
    );
  });

  it('comes back without momentum if it had none', () => {
    const { momentum: _, ...still } = state;
    expect(unpack(packState(still))).toStrictEqual(still);
  });

  it('holds live weights only', () => {
    const live = state.topology.get('fc3.weight')!.live.length;
    expect(packState(state).get('fc3.weight')).toMatchObject({ dtype: 'F32', shape: [live] });
    expect(packState(state).get('fc3.weight:live')).toMatchObject({ dtype: 'U32', shape: [live] });
    expect(packState(state).has('fc3.bias:live')).toBe(false);
    expect(packState(state).get('conv1.weight')!.shape).toEqual([20, 1, 5, 5]); // ERK keeps the first layer dense
  });

  const wrong = (name: string, tensor?: Tensor) => {
    const tensors = packState(state);
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
    return () => unpack(tensors);
  };
  const u32 = (...data: number[]): Tensor => ({ dtype: 'U32', shape: [data.length], data: Uint32Array.from(data) });

  it.each<[string, () => unknown, RegExp]>([
    ['a missing tensor', wrong('fc3.bias'), /last.safetensors: tensor fc3.bias: expected F32 of shape \(500\), received "no such tensor"/],
    ['missing momentum', wrong('fc4.bias:momentum'), /tensor fc4.bias:momentum: expected F32 of shape \(10\)/],
    ['missing positions', wrong('fc3.weight:live'), /tensor fc3.weight: expected F32 of shape \(500,800\)/],
    [
      'positions out of range',
      wrong('fc4.weight:live', u32(1, 5000)),
      /tensor fc4.weight:live: expected live positions below 5000, received 5000/,
    ],
    ['positions twice', wrong('fc4.weight:live', u32(1, 1)), /strictly increasing live positions, received "1 after 1"/],
    ['positions in disorder', wrong('fc4.weight:live', u32(4, 2)), /strictly increasing live positions, received "2 after 4"/],
    ['too few values', wrong('fc4.weight:live', u32(1, 2, 3)), /tensor fc4.weight: expected F32 of shape \(3\)/],
    ['positions of a bias', wrong('fc3.bias:live', u32(1)), /tensor fc3.bias:live: expected none/],
    ['positions as floats', wrong('fc3.weight:live', { dtype: 'F32', shape: [1], data: new Float32Array(1) }), /a list of U32/],
    ['a wrong step', () => unpackState(packState(state), state.spec, -1, 'x'), /x: step/],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
  });

  it('refuses to pack partial momentum', () => {
    const momentum = new Map<ParamName, Float32Array>(state.momentum).set('fc3.bias', new Float32Array(1));
    expect(() => packState({ ...state, momentum })).toThrow(/momentum of fc3.bias: expected 500 numbers, received "1 numbers"/);
    momentum.delete('fc3.bias');
    expect(() => packState({ ...state, momentum })).toThrow(/momentum of fc3.bias: expected 500 numbers, received "none"/);
  });
});
