import { describe, expect, it } from 'vitest';
import type { Measurement } from './contest.ts';
import { fastestPeer, least, percentile, ratio, summary } from './statistics.ts';

const measured = (name: string, times: Record<string, number[]>, ours = false): Measurement => ({
  name,
  ours,
  versions: {},
  times: Object.fromEntries(Object.entries(times).map(([part, each]) => [part, summary(each)])),
});
const failed = (name: string, ours = false): Measurement => ({ name, ours, versions: {}, times: {}, failed: 'not installed' });

describe('summary', () => {
  it('gives the least, the middle and the number of times, whatever their order', () => {
    expect(summary([9, 1, 10])).toEqual({ minimum: 1, median: 9, runs: 3 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(summary([4, 1, 2, 100])).toEqual({ minimum: 1, median: 3, runs: 4 });
  });

  it('of one time is that time', () => {
    expect(summary([5])).toEqual({ minimum: 5, median: 5, runs: 1 });
  });
});

describe('least', () => {
  it('adds the least times of the parts', () => {
    expect(least(measured('a', { forward: [3, 2], backward: [7, 5] }), ['forward', 'backward'])).toBe(7);
  });

  it('is undefined where a part is missing', () => {
    expect(least(measured('a', { forward: [3] }), ['forward', 'backward'])).toBeUndefined();
    expect(least(failed('a'), ['forward'])).toBeUndefined();
  });
});

describe('ratio', () => {
  const mine = measured('ours', { step: [6, 3] }, true);

  it('is our best time over the best time of the fastest peer', () => {
    const peers = [measured('slow', { step: [30] }), measured('fast', { step: [100, 12] }), failed('absent')];
    expect(fastestPeer([mine, ...peers], ['step'])?.name).toBe('fast');
    expect(ratio([mine, ...peers], ['step'])).toBe(3 / 12);
  });

  it('is undefined without a peer, or without us', () => {
    expect(ratio([mine, failed('absent')], ['step'])).toBeUndefined();
    expect(ratio([failed('ours', true), measured('fast', { step: [12] })], ['step'])).toBeUndefined();
  });
});

describe('percentile', () => {
  it('is the value of the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, k) => k + 1);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile([7], 0.99)]).toEqual([50, 99, 7]);
  });
});
