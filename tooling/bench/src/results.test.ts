import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Result, sectionOf, updateDocument, versionsOf, writeResult } from './results.ts';
import { asked, failures, type Settings } from './suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings: Settings = {
  quick: false,
  pace: { rounds: 7, leastMs: 300 },
  threads: 2,
  engine: 'auto',
  seed: 17,
  data: '',
  only: '',
};
const machine = {
  processor: 'Example 1',
  processors: 2,
  instructionSets: ['avx2'],
  memoryBytes: 1,
  platform: 'linux-x64',
  node: 'v20',
  freetickets: '0.1.0',
  system: 'linux 6',
  caches: [],
  vectorExtensions: [],
};
const measurement = (name: string, versions: Record<string, string>, failed?: string) => ({
  name,
  ours: false,
  versions,
  times: {},
  ...(failed !== undefined && { failed }),
});
const cases = [
  { name: 'first', measurements: [measurement('A', { torch: '2.13.0' }), measurement('B', { other: '1' }, 'not installed')] },
  {
    name: 'second',
    measurements: [measurement('B', { other: '1' }, 'not installed'), measurement('A', { torch: '2.13.0' }, 'out of memory')],
  },
];
const result: Result = {
  suite: 'step',
  date: '2026-01-02T03:04:05.000Z',
  settings,
  machine,
  limits: undefined,
  versions: versionsOf(cases, machine),
  cases,
  table: { header: ['case', 'ms'], rows: [['first', '1.00']] },
  notes: ['One.', 'Two.'],
};

describe('a result', () => {
  it('collects the versions of everybody, and ours', () => {
    expect(result.versions).toEqual({ freetickets: '0.1.0', node: 'v20', torch: '2.13.0', other: '1' });
  });

  it('is a JSON file of its suite', () => {
    const path = writeResult(result, join(folder, 'new'));
    expect(path).toBe(join(folder, 'new', 'step.json'));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(result)));
  });

  it('is a section: table, notes, how it was made', () => {
    const made =
      'Made: 2026-01-02, Example 1, 2 threads, seed 17, best of 7 rounds of at least 300 ms, freetickets 0.1.0, node v20, torch 2.13.0, other 1.';
    expect(sectionOf(result)).toBe(`| case | ms |\n| --- | ---: |\n| first | 1.00 |\n\n- One.\n- Two.\n\n${made}`);
  });

  it('says that a quick run is noise', () => {
    expect(sectionOf({ ...result, notes: [], settings: { ...settings, quick: true } })).toContain('a quick run (one round: expect noise)');
  });

  it('goes into its place in the document', () => {
    const path = join(folder, 'performance.md');
    writeFileSync(path, 'before\n<!-- bench:step -->\n<!-- /bench:step -->\nafter\n');
    updateDocument(path, result);
    expect(readFileSync(path, 'utf8')).toBe(`before\n<!-- bench:step -->\n\n${sectionOf(result)}\n\n<!-- /bench:step -->\nafter\n`);
  });
});

describe('failures', () => {
  it('are one sentence for each reason', () => {
    expect(failures(cases)).toEqual(['No times for first, second from B: not installed', 'No times for second from A: out of memory']);
  });
});

describe('asked', () => {
  it('keeps the cases whose name contains the text', () => {
    expect(asked(cases, { ...settings, only: 'sec' }).map(({ name }) => name)).toEqual(['second']);
    expect(asked(cases, settings)).toHaveLength(2);
  });
});
