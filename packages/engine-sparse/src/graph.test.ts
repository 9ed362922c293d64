import { type NetworkSpec, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { Graph } from './graph.ts';

const graphOf = (shape: number[], nodes: NetworkSpec['nodes'], output: string) =>
  new Graph(network({ version: 1, name: 'test', input: { shape }, nodes, output }), true);

/**
 *     input -> conv -> bn -> relu -+-> strided (3x3, stride 2, padding 1) -+-> add -> sum -> pool -> flat -> fc
 *                                  +-> shortcut (1x1, stride 2) -----------+
 *                                  +-> unread (5x5, padding 2): nobody reads it
 */
const graph = graphOf(
  [3, 7, 9],
  [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, pad: 1 },
    { id: 'bn', op: 'batchNorm', from: ['conv'] },
    { id: 'relu', op: 'relu', from: ['bn'] },
    { id: 'strided', op: 'conv2d', from: ['relu'], out: 8, kernel: 3, stride: 2, pad: 1 },
    { id: 'shortcut', op: 'conv2d', from: ['relu'], out: 8, kernel: 1, stride: 2 },
    { id: 'unread', op: 'conv2d', from: ['relu'], out: 2, kernel: 5, pad: 2 },
    { id: 'add', op: 'add', from: ['strided', 'shortcut'] },
    { id: 'sum', op: 'relu', from: ['add'] },
    { id: 'pool', op: 'globalAvgPool', from: ['sum'] },
    { id: 'flat', op: 'flatten', from: ['pool'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 10 },
  ],
  'fc',
);

describe('Graph', () => {
  it('sees every shape as channels, rows and columns', () => {
    expect(graph.size('input')).toEqual({ channels: 3, height: 7, width: 9 });
    expect(graph.size('strided')).toEqual({ channels: 8, height: 4, width: 5 });
    expect(graph.size('fc')).toEqual({ channels: 10, height: 1, width: 1 });
  });

  it('lets a ReLU overwrite its input where nobody else reads it', () => {
    expect(['conv', 'bn', 'relu', 'fc'].map((id) => graph.root(id))).toEqual(['conv', 'bn', 'bn', 'fc']);
    expect(graph.rectified('bn')).toBe(true);
  });

  it('lets a residual sum start in the later of its layers, and a ReLU after it too', () => {
    expect(['strided', 'shortcut', 'add', 'sum'].map((id) => graph.root(id))).toEqual(['strided', 'shortcut', 'shortcut', 'shortcut']);
    expect(graph.residual('shortcut')).toBe('strided');
    expect(graph.residual('strided')).toBeUndefined();
  });

  it('keeps a sum apart whose later input somebody else reads, or is no layer', () => {
    const nodes = (from: string[]): NetworkSpec['nodes'] => [
      { id: 'early', op: 'linear', from: ['input'], out: 4 },
      { id: 'late', op: 'linear', from: ['early'], out: 4 },
      { id: 'norm', op: 'batchNorm', from: ['late'] },
      { id: 'add', op: 'add', from },
    ];
    for (const from of [
      ['early', 'late'],
      ['early', 'norm'],
    ]) {
      const apart = graphOf([4], nodes(from), 'add');
      expect(apart.root('add')).toBe('add');
    }
  });

  it.each<[string, NetworkSpec['nodes'], string]>([
    ['the input', [{ id: 'relu', op: 'relu', from: ['input'] }], 'relu'],
    [
      'what another node reads',
      [
        { id: 'fc', op: 'linear', from: ['input'], out: 4 },
        { id: 'relu', op: 'relu', from: ['fc'] },
        { id: 'add', op: 'add', from: ['fc', 'relu'] },
      ],
      'add',
    ],
    [
      'the output of the network',
      [
        { id: 'fc', op: 'linear', from: ['input'], out: 4 },
        { id: 'relu', op: 'relu', from: ['fc'] },
      ],
      'fc',
    ],
  ])('leaves %s alone', (_, nodes, output) => {
    expect(graphOf([4], nodes, output).root('relu')).toBe('relu');
  });

  it('needs no gradient before the first parameter', () => {
    const late = graphOf(
      [2, 4, 4],
      [
        { id: 'pool', op: 'maxPool', from: ['input'], kernel: 2 },
        { id: 'flat', op: 'flatten', from: ['pool'] },
        { id: 'fc', op: 'linear', from: ['flat'], out: 3 },
      ],
      'fc',
    );
    expect(['input', 'pool', 'flat', 'fc'].filter((id) => late.needsGradient(id))).toEqual(['fc']);
    expect(graph.needsGradient('bn')).toBe(true);
  });

  it('knows which nodes the loss depends on', () => {
    expect(['input', 'relu', 'strided', 'unread', 'fc'].filter((id) => !graph.reachesOutput(id))).toEqual(['unread']);
  });

  it('gives values the border that the widest padding of stride 1 reads, whichever alias is read', () => {
    expect(['input', 'conv', 'bn', 'add'].map((id) => graph.border(id))).toEqual([1, 0, 2, 0]);
  });

  it('splits into phases wide enough for every layer of the stride', () => {
    // Padded by 1 above: 8 rows and 10 columns, so 4 x 5; but the last of 4 x 5 outputs reads rows 2 * 3 .. 2 * 3 + 2 and so row 4 of a phase.
    expect(graph.phases('relu', 2)).toEqual({ channels: 16, height: 5, width: 6, low: 0, high: 0, pictureLow: 1 });
    const split = new Graph(graph.net, false, false, true);
    const window = { outputs: 8, inputs: 4, kernel: 1, stride: 2, pad: 0 };
    expect(split.window(split.net.node('shortcut') as never)).toEqual({ ...window, low: 1 });
    expect(graph.window(graph.net.node('shortcut') as never)).toEqual({ ...window, low: undefined });
    expect(['strided', 'shortcut', 'unread', 'relu'].map((id) => split.phaseKey(split.net.node(id)))).toEqual([
      'relu/2',
      'relu/2',
      undefined,
      undefined,
    ]);
  });

  it('gives gradients the border that the gradient of the input reads', () => {
    // Stride 1: pixel y of the input was read by outputs y - 2 + pad to y + pad.
    expect(graph.gradientBorder(graph.net.node('unread'))).toEqual({ low: 2, high: 2 });
    // Stride 2: input row 2 y was read through kernel row 1 by output y, row 2 y + 1 through row 2 by y and row 0 by y + 1.
    expect(graph.gradientBorder(graph.net.node('strided'))).toEqual({ low: 0, high: 1 });
    // Kernel 1: row 2 y by output y alone.
    expect(graph.gradientBorder(graph.net.node('shortcut'))).toEqual({ low: 0, high: 0 });
    // The input of the network needs no gradient.
    expect(graph.gradientBorder(graph.net.node('conv'))).toEqual({ low: 0, high: 0 });
  });
});
