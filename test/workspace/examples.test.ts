/** Runs every program in docs/examples as it is, and holds it to what its comments promise. The numbers come from those comments, by hand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from './workspace.ts';

const folder = join(root, 'docs/examples');
const examples = readdirSync(folder).filter((file) => file.endsWith('.ts'));

const promises: Record<string, (lines: readonly (readonly unknown[])[]) => void> = {
  'client.ts': (lines) => {
    expect(lines[0]).toEqual([[2, 10]]);
    expect(lines[1]![0]).toBeInstanceOf(Float32Array);
    expect(lines[1]![0]).toHaveLength(2);
  },
  'datasets.ts': (lines) => {
    expect(lines[0]).toEqual([[1, 16, 16], 5400, 600]);
    expect(lines).toHaveLength(1 + 43); // 5400 = 42 x 128 + 24
    expect(lines[1]!.slice(0, 2)).toEqual([128, 128 * 16 * 16]);
    expect(lines[43]![0]).toBe(24);
  },
  'dst-trainer.ts': (lines) => {
    const text = lines.map((line) => String(line[0]));
    expect(text.filter((line) => line.includes(': loss '))).toHaveLength(3 + 2 * 2);
    expect(text.filter((line) => line.startsWith('ticket '))).toHaveLength(2);
  },
  'engine-sparse.ts': (lines) => {
    expect(lines.slice(0, 4).map((line) => /step (\d+)/.exec(String(line[0]))?.[1])).toEqual(['50', '100', '150', '200']);
    const [first, second, third, fourth] = lines[4]![0] as Float32Array;
    expect(second).toBeGreaterThan(first!); // twenty times 0.5 is positive: class 1
    expect(third).toBeGreaterThan(fourth!); // twenty times -0.5 is not: class 0
  },
  'engine-tfjs.ts': (lines) => {
    expect(lines.map((line) => /^tfjs\/\w+, step (\d+)/.exec(String(line[0]))?.[1])).toEqual(['50', '100', '150', '200']);
    const right = Number(/(\d+) of 64 right/.exec(String(lines[3]![0]))?.[1]);
    expect(right).toBeGreaterThan(48); // 32 by guessing
  },
  'ensemble.ts': (lines) => expect(lines).toEqual([[20, 60]]),
  'metrics.ts': (lines) => {
    expect(lines).toEqual([[{ accuracy: 1, nll: expect.closeTo(Math.LN2, 12), ece: 0.5, disagreement: 0.5 }], [0.5]]);
  },
  'onnx-export.ts': (lines) => {
    expect(lines[0]![0]).toMatchObject([{ name: 'probabilities' }, { name: 'member_probabilities' }]);
  },
  'own-network.ts': (lines) => {
    expect(lines[0]).toEqual([5210]);
    expect(lines.slice(1).map((line) => /^ticket (\d)/.exec(String(line[0]))?.[1])).toEqual(['0', '1']);
  },
  'report.ts': (lines) => {
    const file = /^open (.*) in a browser$/.exec(String(lines[0]![0]))![1]!;
    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>[\s\S]*"name":"runs\/mnist"/);
  },
  'runtimes.ts': (lines) => {
    expect(lines).toHaveLength(2);
    for (const [installed, state] of lines) {
      expect(installed).toBeTypeOf('boolean');
      expect(state).toMatch(/^ready$|; run \S/);
    }
  },
  'sparse-core.ts': (lines) => {
    expect(lines[0]).toEqual([{ total: 691674, sparsifiable: 689840, live: 68984 }]);
    expect(lines[1]![0]).toBeCloseTo(0.1709, 4);
    expect(lines[2]).toEqual([undefined, { provenance: { seed: 17 } }]);
  },
};

const written = mkdtempSync(join(tmpdir(), 'examples-'));

describe('docs/examples', () => {
  beforeAll(() => {
    for (const name of ['TMPDIR', 'TEMP']) vi.stubEnv(name, written); // where os.tmpdir() points them
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(written, { recursive: true, force: true });
  });

  it.each(examples)('%s', async (file) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await import(join(folder, file));
    promises[file]!(log.mock.calls);
  });
});
