import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { golden, labels, prediction } from '../../test/golden.ts';
import {
  accuracy,
  bcaInterval,
  bootstrapInterval,
  bootstrapIntervals,
  collect,
  disagreement,
  ece,
  meanInterval,
  metricIntervals,
  nll,
  normalCdf,
  normalQuantile,
  pairedTTest,
  percentileInterval,
  signTest,
  studentHalfWidth,
  studentTwoSided,
  takeRows,
  wilcoxonSignedRank,
} from '../index.ts';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const relative = (found: number, expected: number) => Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-300);

describe('distributions', () => {
  it('normal: agrees with scipy within 1e-12 relative, tails included', () => {
    for (const [x, expected] of golden.distributions.normal) expect(relative(normalCdf(x!), expected!), `${x}`).toBeLessThan(1e-12);
    for (const [p, expected] of golden.distributions.normal_quantile)
      if (expected === 0) expect(normalQuantile(p!)).toBe(0);
      else expect(relative(normalQuantile(p!), expected!), `${p}`).toBeLessThan(1e-9);
  });
  it('Student: agrees with scipy within 1e-11 relative, from 1 to 400 degrees of freedom', () => {
    for (const [df, t, expected] of golden.distributions.student)
      expect(relative(studentTwoSided(t!, df!), expected!), `t ${t}, ${df}`).toBeLessThan(1e-11);
    for (const [df, level, expected] of golden.distributions.student_half_width)
      expect(relative(studentHalfWidth(level!, df!), expected!), `${level}, ${df}`).toBeLessThan(1e-11);
  });
  it('at the ends', () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(studentTwoSided(Number.POSITIVE_INFINITY, 3)).toBe(0);
    expect(() => normalQuantile(1.5)).toThrow('normalQuantile: expected a probability from 0 to 1');
    expect(() => studentTwoSided(1, 2.5)).toThrow('degreesOfFreedom: expected a whole number');
  });
});

describe('means and paired tests', () => {
  const { a, b, tied, long } = golden.paired;
  const zeros = (values: readonly number[]) => values.map(() => 0);

  it('t: agrees with scipy within 1e-10', () => {
    const found = pairedTTest(a, b, { level: 0.9 });
    expect(found.statistic).toBeCloseTo(golden.paired.t.statistic!, 10);
    expect(found.p).toBeCloseTo(golden.paired.t.p!, 10);
    expect(found.low).toBeCloseTo(golden.paired.t.low!, 10);
    expect(found.high).toBeCloseTo(golden.paired.t.high!, 10);
    expect(found.degreesOfFreedom).toBe(8);
  });
  it('Wilcoxon: exact with scipy, exact under ties with all sign patterns, normal with scipy', () => {
    const cases = [
      [wilcoxonSignedRank(a, b), golden.paired.wilcoxon],
      [wilcoxonSignedRank(tied, zeros(tied)), golden.paired.wilcoxon_tied],
      [wilcoxonSignedRank(long, zeros(long)), golden.paired.wilcoxon_long],
    ] as const;
    for (const [found, expected] of cases) {
      expect(found.statistic).toBe(expected.statistic);
      expect(found.p).toBeCloseTo(expected.p!, 10);
    }
  });
  it('sign: agrees with scipy within 1e-10', () => {
    expect(signTest(a, b)).toMatchObject({ above: golden.paired.sign.above, p: expect.closeTo(golden.paired.sign.p!, 10) });
    expect(signTest(long, zeros(long))).toMatchObject({
      above: golden.paired.sign_long.above,
      p: expect.closeTo(golden.paired.sign_long.p!, 10),
    });
  });
  it('by hand: three seeds that all favour one side', () => {
    // Differences 1 2 3: t = 2 / (1 / sqrt 3), both rank tests 2 / 2^3.
    const [x, y] = [
      [2, 4, 6],
      [1, 2, 3],
    ];
    expect(pairedTTest(x!, y!).statistic).toBeCloseTo(2 * Math.sqrt(3), 13);
    expect(wilcoxonSignedRank(x!, y!)).toEqual({ statistic: 0, p: 1 / 4, pairs: 3 });
    expect(signTest(x!, y!)).toEqual({ above: 3, below: 0, p: expect.closeTo(1 / 4, 14) });
  });
  it('swapped methods give the same p and the opposite difference', () => {
    expect(pairedTTest(b, a).p).toBe(pairedTTest(a, b).p);
    expect(pairedTTest(b, a).meanDifference).toBe(-pairedTTest(a, b).meanDifference);
    expect(wilcoxonSignedRank(b, a)).toEqual(wilcoxonSignedRank(a, b));
  });
  it('equal results are no evidence', () => {
    expect(pairedTTest(a, a)).toMatchObject({ statistic: 0, p: 1, low: 0, high: 0 });
    expect(wilcoxonSignedRank(a, a)).toEqual({ statistic: 0, p: 1, pairs: 0 });
    expect(signTest(a, a)).toEqual({ above: 0, below: 0, p: 1 });
    expect(pairedTTest([2, 3], [1, 2])).toMatchObject({ statistic: Number.POSITIVE_INFINITY, p: 0 });
  });
  it('mean interval by hand: 1 2 3, t of 2 degrees at 95 % is 4.30265', () => {
    const found = meanInterval([1, 2, 3]);
    expect(found).toMatchObject({ mean: 2, deviation: 1, count: 3, level: 0.95 });
    expect(found.high - 2).toBeCloseTo(4.30265272974946 / Math.sqrt(3), 12);
    expect(meanInterval([0.5])).toEqual({ mean: 0.5, deviation: Number.NaN, low: Number.NaN, high: Number.NaN, level: 0.95, count: 1 });
  });
  it('refuse what does not pair', () => {
    expect(() => pairedTTest([1, 2], [1])).toThrow('b: expected 2 results, one for each of a, received 1. Pair the results by seed');
    expect(() => pairedTTest([1], [2])).toThrow('a: expected at least 2 pairs');
    expect(() => signTest([1], [Number.NaN])).toThrow(expect.objectContaining({ code: 'NON_FINITE', at: 'b[0]' }));
    expect(() => meanInterval([])).toThrow('at least one value');
    expect(() => meanInterval([1, 2], { level: 95 })).toThrow('level: expected a number between 0 and 1');
  });
});

describe('bootstrap', () => {
  const data = golden.bootstrap.data;
  const distribution = Float64Array.from(golden.bootstrap.distribution);

  it('intervals of one distribution agree with scipy within 1e-10, percentile and BCa', () => {
    const jackknife = Float64Array.from(data, (value) => (mean(data) * data.length - value) / (data.length - 1));
    for (const [found, expected] of [
      [percentileInterval(distribution, mean(data), 0.9), golden.bootstrap.percentile],
      [bcaInterval(distribution, mean(data), jackknife, 0.9), golden.bootstrap.BCa],
    ] as const) {
      expect(found.low).toBeCloseTo(expected.low!, 10);
      expect(found.high).toBeCloseTo(expected.high!, 10);
    }
    expect(golden.bootstrap.BCa.low).not.toBe(golden.bootstrap.percentile.low);
  });
  const meanOfRows = (values: readonly number[]) => (rows: Uint32Array) => mean(Array.from(rows, (n) => values[n]!));

  it('is a function of the seed', () => {
    const one = bootstrapInterval(data.length, meanOfRows(data), { seed: 1, resamples: 200 });
    expect(bootstrapInterval(data.length, meanOfRows(data), { seed: 1, resamples: 200 })).toEqual(one);
    expect(bootstrapInterval(data.length, meanOfRows(data), { seed: 2, resamples: 200 })).not.toEqual(one);
  });
  it.each(['percentile', 'bca'] as const)(
    '%s: 90 %% intervals hold the true mean in 90 %% of 200 draws, within four deviations',
    (method) => {
      let held = 0;
      for (let trial = 0; trial < 200; trial++) {
        const stream = rng(8).stream('sample', trial);
        const values = Array.from({ length: 60 }, () => stream.normal());
        const { low, high } = bootstrapInterval(60, meanOfRows(values), { method, resamples: 300, level: 0.9, seed: trial });
        if (low <= 0 && 0 <= high) held++;
      }
      expect(Math.abs(held / 200 - 0.9)).toBeLessThan(4 * Math.sqrt((0.9 * 0.1) / 200));
    },
  );
  it('has the width of the normal approximation for the accuracy of 1000 samples', () => {
    const right = (rows: Uint32Array) => rows.reduce((sum, n) => sum + (n < 800 ? 1 : 0), 0) / rows.length;
    const { estimate, low, high } = bootstrapInterval(1000, right, { resamples: 1000 });
    const half = 1.96 * Math.sqrt((0.8 * 0.2) / 1000);
    expect(estimate).toBe(0.8);
    expect(Math.abs((high - low) / (2 * half) - 1)).toBeLessThan(0.1);
  });
  it('gives each figure of a collection its interval; what has no value has none', () => {
    const { size, classes } = prediction;
    const metrics = () => ({ ece: ece(), accuracy: accuracy(), nll: nll(), disagreement: disagreement() });
    const whole = collect(metrics());
    whole.update(prediction, labels);
    const found = metricIntervals(prediction, labels, metrics, { resamples: 200 });
    for (const [name, value] of Object.entries(whole.value())) {
      const { estimate, low, high } = found[name as keyof typeof found];
      expect(estimate, name).toBeCloseTo(value, 14);
      expect(low, name).toBeLessThan(high);
    }
    const single = { ...prediction, members: 1, memberProbs: prediction.probs.slice(0, size * classes) };
    expect(metricIntervals(single, labels, metrics, { resamples: 20 }).disagreement.low).toBeNaN();
  });
  it('gives a mean over samples, taken once for each, the interval that computing it anew on every resample gives', () => {
    const options = { resamples: 50, jackknifeGroups: 10, seed: 6 };
    const once = metricIntervals(prediction, labels, () => ({ nll: nll(), disagreement: disagreement() }), options);
    const anew = bootstrapIntervals(
      prediction.size,
      (rows) => {
        const own = collect({ nll: nll(), disagreement: disagreement() });
        own.update(
          takeRows(prediction, rows),
          Int32Array.from(rows, (n) => labels[n]!),
        );
        return own.value();
      },
      options,
    );
    for (const name of ['nll', 'disagreement'] as const)
      for (const end of ['low', 'high'] as const) expect(once[name][end], name).toBeCloseTo(anew[name][end], 12);
  });
  it('is a point where nothing varies', () =>
    expect(bootstrapInterval(5, () => 3, { resamples: 20 })).toEqual({ estimate: 3, low: 3, high: 3, level: 0.95 }));
  it('leaves out every sample once, in groups of neighbours, and draws as many as there are', () => {
    const seen: number[][] = [];
    bootstrapInterval(7, (rows) => seen.push([...rows]), { resamples: 2, jackknifeGroups: 3 });
    const [whole, first, second, ...left] = seen;
    expect(whole).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([first!.length, second!.length]).toEqual([7, 7]);
    expect(left).toEqual([
      [2, 3, 4, 5, 6],
      [0, 1, 4, 5, 6],
      [0, 1, 2, 3],
    ]);
  });
  it('refuses options and data that make no sense', () => {
    expect(() => bootstrapInterval(1, () => 0)).toThrow('bootstrap: size: expected a whole number from 2');
    expect(() => bootstrapInterval(5, () => 0, { level: 1 })).toThrow('bootstrap.level');
    expect(() => bootstrapInterval(5, () => 0, { method: 'basic' as never })).toThrow('bootstrap.method: expected bca or percentile');
    expect(() => metricIntervals(prediction, labels.slice(1), () => ({ nll: nll() }))).toThrow('labels: expected one label');
    let call = 0;
    expect(() => bootstrapIntervals(5, () => (call++ === 0 ? { a: 1 } : {}) as { a: number })).toThrow(
      'bootstrap: statistic.a: expected a number',
    );
  });
});
