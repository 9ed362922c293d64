import { network, type ParamInfo } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { paramInward, paramOutward, positionsInward } from './layout.ts';
import { loadTfjs } from './load.node.ts';
import type { Tensorflow } from './tensorflow.ts';

const net = network({
  version: 1,
  name: 'two layers',
  input: { shape: [3, 4, 4] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 5, kernel: 2 },
    { id: 'flat', op: 'flatten', from: ['conv'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 7 },
  ],
  output: 'fc',
});

describe.each(['conv.weight', 'fc.weight'] as const)('%s', (param) => {
  const info: ParamInfo = net.params.get(param)!;
  const numbers = Float32Array.from({ length: info.size }, (_, k) => k);

  it('lies inside where its positions say', async () => {
    const tf = (await loadTfjs('cpu')) as Tensorflow;
    const inner = await paramInward(tf, info, numbers).data();
    const positions = positionsInward(info, Uint32Array.from(numbers));
    expect([...positions].map((position) => inner[position])).toEqual([...numbers]);
  });

  it('comes out as it went in', async () => {
    const tf = (await loadTfjs('cpu')) as Tensorflow;
    expect(await paramOutward(tf, info, paramInward(tf, info, numbers)).data()).toEqual(numbers);
  });
});

it('a convolution has its weights as (kh, kw, I, O)', () => {
  // Output 1, input 2, row 0, column 1 of (5, 3, 2, 2) is position ((1 * 3 + 2) * 2 + 0) * 2 + 1 outside.
  expect([...positionsInward(net.params.get('conv.weight')!, Uint32Array.of(21))]).toEqual([((0 * 2 + 1) * 3 + 2) * 5 + 1]);
});
