import { describe, expect, it } from 'vitest';
import { nearest, SparseError, show } from './errors.ts';

describe('SparseError', () => {
  it('is one sentence: where, expected, received, what to do', () => {
    const cause = new Error('inner');
    const error = new SparseError('INVALID_SPEC', 'nodes[4].from', 'an earlier node', 'conv9', 'Sort the nodes', { cause });
    expect(error.message).toBe('nodes[4].from: expected an earlier node, received "conv9". Sort the nodes');
    expect(error).toMatchObject({ name: 'SparseError', code: 'INVALID_SPEC', at: 'nodes[4].from', cause });
    expect(error).toMatchObject({ expected: 'an earlier node', received: '"conv9"', hint: 'Sort the nodes' });
    expect(error).toBeInstanceOf(Error);
  });

  it('ends without a hint if there is none', () => {
    expect(new SparseError('BAD_FILE', 'a', 'b', undefined).message).toBe('a: expected b, received undefined');
  });
});

describe('show', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[unknown, string]>([
    [Number.NaN, 'NaN'],
    [-1.5, '-1.5'],
    [2n ** 64n, '18446744073709551616'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['a "b"', '"a \\"b\\""'],
    [[1, 2], '[1,2]'],
    [Float32Array.of(1.5, Number.NaN), 'Float32Array [1.5, NaN]'],
    [new Uint8Array(10), 'Uint8Array [0, 0, 0, 0, 0, 0, 0, 0, and 2 more]'],
    [new Error('disk on fire'), 'disk on fire'],
    [circular, '[object Object]'],
    [{ big: 1n }, '[object Object]'],
    [() => 1, 'function'],
  ])('%# is readable', (value, text) => {
    expect(show(value)).toBe(text);
  });

  it('cuts long values', () => {
    expect(show('x'.repeat(500)).length).toBe(160);
  });
});

describe('nearest', () => {
  const words = ['kernel', 'stride', 'pad', 'bias'];
  it.each([
    ['kernal', 'kernel'],
    ['strid', 'stride'],
    ['Bias', 'bias'],
    ['pda', undefined],
    ['padd', 'pad'],
    ['dilation', undefined],
    ['', undefined],
  ])('of %s is %s', (word, expected) => {
    expect(nearest(word, words)).toBe(expected);
  });

  it('prefers the closer candidate', () => {
    expect(nearest('convolution', ['revolution', 'convolutions'])).toBe('convolutions');
  });
});
