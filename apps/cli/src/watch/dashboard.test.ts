import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment.ts';
import { dashboard, lineOf } from './dashboard.ts';
import type { RunStatus } from './run-status.ts';

const status: RunStatus = {
  run: 'runs/first',
  experiment: resolveExperiment({}),
  data: 'generated',
  network: 'lenet-300-100',
  engine: 'native/avx2',
  members: 1,
  epochs: [1, 2, 3].map((epoch) => ({
    member: 0,
    epoch,
    step: 17 * epoch,
    loss: 1 / epoch,
    accuracy: 0.5 + epoch / 10,
    learningRate: 0.1,
  })),
  epochsDone: 3,
  epochsWanted: 45,
  rewirings: 1,
  exploration: 0.25,
  tickets: 0,
  ticketsWanted: 3,
  seconds: 6,
  secondsLeft: 84,
  finished: false,
};

describe('dashboard', () => {
  it('says where a run stands', () => {
    expect(dashboard([status], { columns: 80, rows: 10 })).toBe(
      [
        'runs/first',
        'edst on generated: lenet-300-100, sparsity 0.9, engine native/avx2',
        'loss 0.3333, accuracy 80.00 %, rate 0.1',
        'epoch 3 of 45, 1 rewiring (R_s 25.00 %), 0 of 3 tickets, 6.0 s of training, about 1 min 24 s left',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [24, 1],
    [40, 1],
    [50, 2],
  ])('with charts fits into %i rows, of %i runs', (rows, runs) => {
    const lines = dashboard(Array(runs).fill(status), { columns: 100, rows }).split('\n');
    expect(lines.length).toBeLessThan(rows);
    expect(lines.filter((line) => line.includes('by epoch'))).toHaveLength(2 * runs);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('has nothing to draw before the first epoch', () => {
    const fresh = { ...status, epochs: [], epochsDone: 0, seconds: 0, secondsLeft: undefined, exploration: undefined, rewirings: 0 };
    expect(lineOf(fresh)).toBe('runs/first: epoch 0 of 45, 0 rewirings, 0 of 3 tickets, 0.0 s of training, no epoch yet');
    expect(dashboard([fresh], { columns: 80, rows: 50 })).not.toContain('by epoch');
  });
});
