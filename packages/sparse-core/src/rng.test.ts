import { describe, expect, it } from 'vitest';
import { mulHigh, philox4x32, rng } from './rng.ts';

describe('Philox4x32-10', () => {
  // Known answers of the Random123 distribution (kat_vectors).
  it.each<[[number, number, number, number], [number, number], number[]]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('counter %j, key %j', (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });

  it('multiplies 32 by 32 bits exactly', () => {
    const stream = rng(1).stream('factors');
    const edges = [0, 1, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff];
    const factors = [...edges, ...Array.from({ length: 200 }, () => stream.uint32())];
    const wrong = factors.flatMap((a) =>
      factors.filter((b) => mulHigh(a, b) !== Number((BigInt(a) * BigInt(b)) >> 32n)).map((b) => [a, b]),
    );
    expect(wrong).toEqual([]);
  });
});

describe('streams', () => {
  const take = (count: number, ...names: (string | number)[]) => {
    const stream = rng(7).stream(...names);
    return Array.from({ length: count }, () => stream.uint32());
  };

  it('are a function of seed and names', () => {
    expect(take(10, 'grow', 'fc1.weight', 3)).toEqual(take(10, 'grow', 'fc1.weight', 3));
    const others = [take(4, 'a'), take(4, 'b'), take(4, 'a', 'b'), take(4, 'ab'), take(4, 'a', 1), take(4, 'a', '1'), take(4)];
    expect(new Set(others.map(String)).size).toBe(others.length);
    expect(rng(1).stream('a').uint32()).not.toBe(rng(2).stream('a').uint32());
  });

  it('have no equal starts among 100,000 steps', () => {
    const source = rng(3);
    const starts = new Set<string>();
    for (let step = 0; step < 100_000; step++) {
      const stream = source.stream('grow', step);
      starts.add(`${stream.uint32()},${stream.uint32()}`);
    }
    expect(starts.size).toBe(100_000);
  });

  it('spread `below` evenly: chi-squared over 100 cells stays below its 1e-6 quantile', () => {
    const stream = rng(11).stream('below');
    const cells = new Float64Array(100);
    for (let i = 0; i < 100_000; i++) cells[stream.below(100)]!++;
    const chiSquared = cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(178); // 99 degrees of freedom
    expect(chiSquared).toBeGreaterThan(45);
  });

  it('have uniform numbers in [0, 1) with mean 1/2 and variance 1/12, and neighbours without correlation', () => {
    const stream = rng(12).stream('uniform');
    const values = Array.from({ length: 100_000 }, () => stream.uniform());
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(values.every((value) => value < 1)).toBe(true);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const lagged = values.slice(1).reduce((sum, value, i) => sum + (value - mean) * (values[i]! - mean), 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.005); // 5.5 standard errors
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.0015);
    expect(Math.abs(lagged / variance)).toBeLessThan(0.016); // 5 standard errors
  });

  it('have normal numbers with the moments 0, 1, 0, 3', () => {
    const stream = rng(13).stream('normal');
    const values = Array.from({ length: 100_000 }, () => stream.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.016); // each bound is 5 standard errors
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(3))).toBeLessThan(0.062);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.155);
  });

  it('shuffle without losing anything, every order as likely', () => {
    const stream = rng(14).stream('shuffle');
    const orders = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = stream.shuffle(['a', 'b', 'c']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of orders.values()) expect(Math.abs(count - 2000)).toBeLessThan(210); // 5 standard deviations
    expect(stream.shuffle(Uint32Array.of(5, 6, 7)).toSorted()).toEqual(Uint32Array.of(5, 6, 7));
  });

  it('sample exactly, sorted, without repetition, every position as likely', () => {
    const hits = new Float64Array(20);
    const source = rng(15);
    for (let i = 0; i < 4000; i++) {
      const sample = source.stream('sample', i).sample(20, 5);
      expect(sample.length).toBe(5);
      for (let k = 1; k < 5; k++) expect(sample[k]!).toBeGreaterThan(sample[k - 1]!);
      for (const position of sample) hits[position]!++;
    }
    for (const count of hits) expect(Math.abs(count - 1000)).toBeLessThan(137); // 5 standard deviations
    expect([...source.stream('all').sample(4, 4)]).toEqual([0, 1, 2, 3]);
    expect(source.stream('none').sample(4, 0).length).toBe(0);
  });

  it('refuse what they cannot draw', () => {
    const stream = rng(1).stream();
    expect(() => stream.below(0)).toThrow(/below: expected a whole number from 1/);
    expect(() => stream.below(2.5)).toThrow(/below/);
    expect(() => stream.sample(3, 4)).toThrow(/sample: expected a count from 0 to 3/);
  });

  it('draw below 2^32 from the whole range', () => {
    const stream = rng(1).stream('wide');
    expect(Math.max(...Array.from({ length: 100 }, () => stream.below(2 ** 32)))).toBeGreaterThan(2 ** 31);
  });
});
