import { describe, expect, it } from 'vitest';
import { layerOf } from '../../test/layer.ts';
import { leavingOf } from '../rewire-layer.ts';
import { globalMagnitude } from './global-magnitude.ts';
import { magnitude } from './magnitude.ts';
import { signAware } from './sign-aware.ts';
import { taylor } from './taylor.ts';
import { threshold } from './threshold.ts';

//                position    0     1    2     3    4    5     6    7     8    9    10   11
const weights /*       */ = [0.9, -0.8, 0.0, -0.1, 0.2, 0.0, -0.3, 0.4, -0.5, 0.6, 0.0, 0.7];
const mask /*          */ = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0];
const gradient /*      */ = [0.1, 0.5, 9.0, -9.0, 1.0, 9.0, 0.1, 1.0, 0.1, 1.0, 9.0, 1.0];
// |w g| of live ones:        .09  .4    0     .9   .2   -     .03  .4   .05   .6   -    .7

describe('drop rules take', () => {
  it.each([
    ['magnitude', magnitude(), 4, [2, 3, 4, 6]],
    ['global magnitude, in one layer', globalMagnitude(), 4, [2, 3, 4, 6]],
    ['sign-aware: the zero, then by turns the smallest of each sign', signAware(), 5, [2, 3, 4, 6, 7]],
    ['sign-aware, an odd number over: the lower position of the next pair', signAware(), 6, [2, 3, 4, 6, 7, 8]],
    [
      'sign-aware, more than the four negatives and the zero can pair: the rest are positive',
      signAware(),
      10,
      [0, 1, 2, 3, 4, 6, 7, 8, 9, 11],
    ],
    ['taylor', taylor(), 4, [0, 2, 6, 8]],
    ['threshold, told a number by an escape', threshold(0.05), 2, [2, 3]],
  ] as const)('%s', (_, rule, count, expected) => {
    expect([...leavingOf(layerOf({ weights, mask, gradient }), count, rule)]).toEqual(expected);
  });

  it('halves of both signs, as SET has it, where the published code keeps only the most negative', () => {
    // The example of that fault: ten weights, R = 4.
    const ten = [-0.9, -0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.7, 0.9];
    const layer = layerOf({ weights: ten, mask: ten.map(() => 1) });
    expect([...leavingOf(layer, 4, signAware())]).toEqual([3, 4, 5, 6]);
  });

  it('threshold: as many as are small, the limit included, compared in float32', () => {
    const count = (value: number) => threshold(value).count!(layerOf({ weights, mask }));
    expect([0.05, 0.1, 0.35, 5].map(count)).toEqual([1, 2, 4, 10]);
  });

  it('all that tie with the last, where the profile says so', () => {
    //              0    1    2    3    4  5
    const layer = layerOf({ weights: [0.2, 0.2, 0.2, 0.5, 0, 0], mask: [1, 1, 1, 1, 0, 0] });
    expect([...leavingOf(layer, 2, magnitude(), 'exact')]).toEqual([0, 1]);
    expect([...leavingOf(layer, 2, magnitude(), 'all')]).toEqual([0, 1, 2]);
    expect([...leavingOf(layer, 0, magnitude(), 'all')]).toEqual([]);
  });
});

describe('drop rules refuse', () => {
  it('to work without the signal that they read', () => {
    expect(() => taylor().score(layerOf({ weights, mask }))).toThrow(
      'fc.weight: signals.gradient: expected the dense gradient of the layer',
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a threshold of %d', (value) => {
    expect(() => threshold(value)).toThrow('threshold: expected a finite number above 0');
  });
});
