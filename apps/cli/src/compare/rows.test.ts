import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment.ts';
import { type Column, chosenColumns, columnsFor } from './columns.ts';
import type { ComparedRun } from './read-run.ts';
import { groupRows, runRows } from './rows.ts';

/** The seconds of a run stand for any figure here. */
const column = columnsFor([]).find(({ id }) => id === 'seconds')!;
const cost = { trainingFlops: 1, inferenceFlops: 1, trainingVersusDense: 1, inferenceVersusDense: 1 };

const run = (values: Readonly<Record<string, unknown>>, seconds: number): ComparedRun => ({
  run: `runs/${seconds}`,
  experiment: resolveExperiment({}, { path: 'x.json', values }),
  data: 'one',
  cost,
  seconds,
  parameters: 10,
  lacks: { tickets: 0 },
});

describe('groupRows', () => {
  it('has the mean over seeds with the interval of Student, by hand', () => {
    const runs = [run({ seed: 3 }, 1), run({ seed: 2 }, 2), run({ seed: 1 }, 6)];
    const [row, ...others] = groupRows(runs, ['method'], [column]);
    expect(others).toEqual([]);
    expect([row!.label, row!.seeds]).toEqual(['edst', [1, 2, 3]]);
    // mean 3, deviation sqrt((4 + 1 + 9) / 2) = sqrt(7); t of 95 % with 2 degrees of freedom is 4.302653
    const half = (4.302653 * Math.sqrt(7)) / Math.sqrt(3);
    const { value, low, high } = row!.cells.seconds!;
    expect(value).toBe(3);
    expect([low, high]).toEqual([expect.closeTo(3 - half, 5), expect.closeTo(3 + half, 5)]);
  });

  it('has a row for each combination of the fields, in the order of the runs', () => {
    const runs = [run({ method: 'dst', sparsity: 0.8 }, 1), run({ method: 'edst' }, 2), run({ method: 'dst', sparsity: 0.8, seed: 1 }, 3)];
    const rows = groupRows(runs, ['method', 'sparsity'], [column]);
    expect(rows.map(({ label, runs: own }) => [label, own.map(({ seconds }) => seconds)])).toEqual([
      ['dst, 0.8', [3, 1]],
      ['edst, 0.9', [2]],
    ]);
    expect(rows[1]!.cells.seconds).toEqual({ value: 2, low: null, high: null });
  });

  it('leaves out a figure that one of its runs lacks', () => {
    const sometimes: Column = { ...column, from: ({ seconds }) => (seconds > 1 ? { value: seconds } : undefined) };
    expect(groupRows([run({ seed: 1 }, 1), run({ seed: 2 }, 2)], ['method'], [sometimes])[0]!.cells).toEqual({});
  });

  it('ignores where and how fast runs were computed', () => {
    const runs = [run({ seed: 1, threads: 1, engine: 'native' }, 1), run({ seed: 2, threads: 2, engine: 'reference' }, 2)];
    expect(groupRows(runs, ['method'], [column])).toHaveLength(1);
  });

  it.each([
    [
      [run({ seed: 1 }, 1), run({ seed: 2, momentum: 0.5 }, 2)],
      '--by: expected runs of edst that differ in the seed only, received runs/1 and runs/2, which differ in momentum. Add momentum to --by',
    ],
    [[run({ seed: 1 }, 1), run({ seed: 1 }, 2)], '--by: expected one run of edst for each seed, received runs/1 and runs/2 with 1'],
    [
      [run({ seed: 1 }, 1), { ...run({ seed: 2 }, 2), data: 'other' }],
      '--by: expected runs of edst on the same data, received runs/1 and runs/2, which have different data',
    ],
  ])('refuses groups that are not over seeds', (runs, sentence) => {
    expect(() => groupRows(runs, ['method'], [column])).toThrow(sentence);
  });
});

describe('runRows', () => {
  it('has a row for each run', () => {
    expect(runRows([run({}, 5)], [column])).toMatchObject([{ label: 'runs/5', cells: { seconds: { value: 5, low: null, high: null } } }]);
  });
});

describe('chosenColumns', () => {
  it('takes them in the order asked for, and refuses others', () => {
    expect(chosenColumns(columnsFor([]), ['nll', 'accuracy']).map(({ id }) => id)).toEqual(['nll', 'accuracy']);
    expect(() => chosenColumns(columnsFor([]), ['acuracy'])).toThrow(/^--metric: expected figures among .*Did you mean accuracy\?/);
  });
});
