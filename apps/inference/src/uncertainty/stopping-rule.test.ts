import { argmax } from '@freetickets/metrics';
import { describe, expect, it } from 'vitest';
import { randomMembers } from '../../testing/random-members.ts';
import { fromModel, type MemberProbabilities, meanOf, toModel } from './member-probabilities.ts';
import { byMembersUsed, type Part, runAnytime } from './run-anytime.ts';
import { fitStopping, leadOf } from './stopping-rule.ts';

const [SIZE, MEMBERS, CLASSES] = [2000, 5, 4];
const { probabilities, labels } = randomMembers(SIZE, MEMBERS, CLASSES, { sharpness: 4 });
const images = { datatype: 'FP32' as const, shape: [SIZE, 1], data: Float32Array.from({ length: SIZE }, (_, n) => n) };

/** Each member by itself; an image is its number. */
const partOf = (m: number, asked: number[][]): Part => ({
  async run({ data }) {
    const rows = [...(data as Float32Array)];
    asked.push(rows);
    const { values, classes, size } = probabilities;
    const own = rows.flatMap((n) => [...values.subarray((m * size + n) * classes, (m * size + n + 1) * classes)]);
    return { size: rows.length, members: 1, classes, values: Float32Array.from(own) };
  },
});
const top = (mean: Float32Array, n: number) => argmax(mean, n * CLASSES, CLASSES);

describe('the stopping rule', () => {
  it('by hand: what the others can take away, and how far their mean may stray', () => {
    expect(leadOf(Float64Array.of(1.5, 0.2, 0.3), 0, 3, 2, 3)).toBe(Number.POSITIVE_INFINITY); // 1.2 ahead, one member takes at most 1
    expect(leadOf(Float64Array.of(1.2, 0.4, 0.4), 0, 3, 2, 3)).toBeCloseTo(0.4 / Math.sqrt(1 / 2), 12); // .4 ahead on the mean
    expect(leadOf(Float64Array.of(0.9, 0.1, 0), 0, 3, 1, 3)).toBeCloseTo(0.8 / Math.sqrt(2), 12);
    expect(leadOf(Float64Array.of(1, 1, 1), 0, 3, 3, 3)).toBe(Number.POSITIVE_INFINITY);
  });
  it('with lead 1 gives the decision of all members, whatever they say', async () => {
    const { used, probabilities: partial } = await runAnytime(
      Array.from({ length: MEMBERS }, (_, m) => partOf(m, [])),
      MEMBERS,
      images,
      { rule: { lead: 1 }, pace: [] },
    );
    const whole = meanOf(probabilities);
    let decided = 0;
    for (const { rows, probabilities: own } of byMembersUsed({ used, probabilities: partial })) {
      const mean = meanOf(own);
      rows.forEach((n, k) => {
        decided++;
        expect(top(mean, k)).toBe(top(whole, n));
      });
    }
    expect(decided).toBe(SIZE);
    expect(Math.min(...used)).toBeLessThan(MEMBERS);
  });
  it('as fitted asks fewer members, and loses what it was allowed on its own data; serving does exactly what fitting counted', async () => {
    const fitted = fitStopping(probabilities.values, labels, MEMBERS, 0.005);
    expect(fitted.fullAccuracy - fitted.accuracy).toBeLessThanOrEqual(0.005);
    expect(fitted.meanMembers).toBeLessThan(0.8 * MEMBERS);
    const asked: number[][] = [];
    const parts = Array.from({ length: MEMBERS }, (_, m) => partOf(m, asked));
    const answer = await runAnytime(parts, MEMBERS, images, { rule: fitted, pace: [] });
    const total = asked.reduce((sum, rows) => sum + rows.length, 0);
    expect(total / SIZE).toBeCloseTo(fitted.meanMembers, 12);
    expect(answer.used.reduce((a, b) => a + b, 0)).toBe(total);
    let right = 0;
    for (const { rows, probabilities: own } of byMembersUsed(answer)) {
      const mean = meanOf(own);
      rows.forEach((n, k) => {
        if (top(mean, k) === labels[n]) right++;
      });
    }
    expect(right / SIZE).toBeCloseTo(fitted.accuracy, 3); // means are rounded to float32, sums are not
  });
  it('allowed no loss at all, asks until nothing can change', () => {
    const fitted = fitStopping(probabilities.values, labels, MEMBERS, 0);
    expect(fitted.accuracy).toBe(fitted.fullAccuracy);
  });
});

describe('a deadline', () => {
  /** Every look at the clock is one millisecond later; a part takes 10. */
  function clocked(count: number) {
    let time = 0;
    const parts = Array.from({ length: count }, (_, m): Part => {
      const part = partOf(m, []);
      return {
        run: async (batch) => {
          time += 10;
          return part.run(batch);
        },
      };
    });
    return { parts, now: () => time };
  }
  it('stops before a member that would come too late, but never before the first', async () => {
    const { parts, now } = clocked(MEMBERS);
    const pace = Array<number>(MEMBERS).fill(10 / SIZE);
    const rule = { lead: 1 }; // only what is certain stops before the deadline
    const { used } = await runAnytime(parts, MEMBERS, images, { rule, pace, deadlineMs: 30.5, now });
    expect(Math.max(...used)).toBe(3);
    const late = await runAnytime(parts, MEMBERS, images, { rule, pace, deadlineMs: 0.001, now });
    expect(new Set(late.used)).toEqual(new Set([1]));
  });
});

describe('member probabilities', () => {
  it('go from the order of models, (batch, members, classes), to that of measures, and back', () => {
    const data = Float32Array.from({ length: 2 * 3 * 2 }, (_, k) => k);
    const own: MemberProbabilities = fromModel(data, [2, 3, 2]);
    expect([...own.values]).toEqual([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]);
    expect(toModel(own)).toEqual(data);
    expect(() => fromModel(data, [3, 3, 2])).toThrow('member_probabilities: expected a tensor (batch, members, classes)');
  });
});
