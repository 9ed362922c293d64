import { describe, expect, it } from 'vitest';
import { type Schedule, valueAt } from './schedule.ts';

describe('valueAt', () => {
  it('gives a number back', () => {
    expect(valueAt(0.3, 1e9)).toBe(0.3);
  });

  // Death rate of the FreeTickets reference: 0.005 + 0.495 (1 + cos(pi t / 88000)) / 2.
  it.each([
    [0, 0.5],
    [1000, 0.499842],
    [22_000, 0.427509],
    [44_000, 0.2525],
    [66_000, 0.077491],
    [88_000, 0.005],
    [99_000, 0.005],
    [-5, 0.5],
  ])('cosine at %d is %d', (t, value) => {
    expect(valueAt({ kind: 'cosine', from: 0.5, to: 0.005, over: 88_000 }, t)).toBeCloseTo(value, 6);
  });

  it.each([
    [0, 0.5],
    [25, 0.4],
    [100, 0.1],
    [101, 0.1],
    [-1, 0.5],
  ])('linear at %d is %d', (t, value) => {
    expect(valueAt({ kind: 'linear', from: 0.5, to: 0.1, over: 100 }, t)).toBeCloseTo(value, 12);
  });

  it.each([
    [0, 0.8],
    [10, 0.8],
    [20, 0.8 * 0.75 ** 3],
    [30, 0.8 / 8],
    [50, 0],
    [60, 0],
  ])('exponential with power 3 from 10 to 50 at %d is %d', (t, value) => {
    expect(valueAt({ kind: 'exponential', from: 0.8, begin: 10, over: 50, power: 3 }, t)).toBeCloseTo(value, 12);
  });

  // 0.9 - 0.9 (1 - t / 10) ** 3: gradual pruning from dense to 90 %.
  it.each([
    [0, 0],
    [1, 0.9 * (1 - 0.729)],
    [5, 0.9 * 0.875],
    [10, 0.9],
    [12, 0.9],
  ])('cubic at %d is %d', (t, value) => {
    expect(valueAt({ kind: 'cubic', from: 0, to: 0.9, over: 10 }, t)).toBeCloseTo(value, 12);
  });

  it('may begin before or after time 0', () => {
    // Half of the way from -10 to 10 lies at 0; from 10 to 20 nothing has happened at 10.
    expect(valueAt({ kind: 'linear', from: 0.5, to: 0.1, begin: -10, over: 10 }, 0)).toBeCloseTo(0.3, 12);
    expect(valueAt({ kind: 'cosine', from: 0.5, to: 0.1, begin: -10, over: 10 }, 0)).toBeCloseTo(0.3, 12);
    expect(valueAt({ kind: 'cubic', from: 0.5, to: 0.1, begin: 10, over: 20 }, 10)).toBe(0.5);
  });

  it('exponential begins at 0 unless told', () => {
    expect(valueAt({ kind: 'exponential', from: 1, over: 4, power: 1 }, 1)).toBe(0.75);
  });

  it.each([
    [0, 0.1],
    [49.99, 0.1],
    [50, 0.01],
    [75, 0.001],
    [1000, 0.001],
  ])('steps change at their time: at %d the value is %d', (t, value) => {
    const schedule: Schedule = {
      kind: 'steps',
      start: 0.1,
      changes: [
        [50, 0.01],
        [75, 0.001],
      ],
    };
    expect(valueAt(schedule, t)).toBe(value);
  });

  // One cycle of fast geometric ensembling, from the bottom up and down: 0.01 -> 0.05 -> 0.01 over 2 epochs.
  it.each([
    [-1, 0.01],
    [0, 0.01],
    [0.25, 0.02],
    [1, 0.05],
    [1.5, 0.03],
    [2, 0.01],
    [9, 0.01],
  ])('points are joined by straight lines: at %d the value is %d', (t, value) => {
    const points = [
      [0, 0.01],
      [1, 0.05],
      [2, 0.01],
    ] as const;
    expect(valueAt({ kind: 'points', points }, t)).toBeCloseTo(value, 12);
  });

  it('points may jump: at one time the later value counts', () => {
    const points = [
      [0, 1],
      [2, 3],
      [2, 7],
      [4, 9],
    ] as const;
    expect([1, 2, 3].map((t) => valueAt({ kind: 'points', points }, t))).toEqual([2, 7, 8]);
    expect(valueAt({ kind: 'points', points: [[5, 0.3]] }, 0)).toBe(0.3);
  });

  it('is never NaN, even over no time', () => {
    expect(valueAt({ kind: 'cosine', from: 1, to: 0.5, over: 0 }, 0)).toBe(0.5);
    expect(valueAt({ kind: 'exponential', from: 1, begin: 3, over: 3, power: 2 }, 3)).toBe(0);
  });

  it('survives JSON', () => {
    const schedule: Schedule = { kind: 'cosine', from: 0.5, to: 0.005, over: 250 };
    expect(valueAt(JSON.parse(JSON.stringify(schedule)), 100)).toBe(valueAt(schedule, 100));
  });
});
