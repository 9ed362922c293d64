import { describe, expect, it } from 'vitest';
import { counted, durationText, flopsText, percent, table } from './text.ts';

describe('flopsText', () => {
  it.each([
    [0, '0.00 FLOP'],
    [20_080, '20.1 kFLOP'],
    [82_802_618, '82.8 MFLOP'],
    [1.234e12, '1.23 TFLOP'],
    [999.4e9, '999 GFLOP'],
    [999.6e9, '1.00 TFLOP'],
    [2.5e18, '2.50 EFLOP'],
  ])('%d -> %s', (flops, text) => {
    expect(flopsText(flops)).toBe(text);
  });
});

describe('durationText', () => {
  it.each([
    [0, '0.0 s'],
    [8.25, '8.3 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 0 min'],
    [7384, '2 h 3 min'],
  ])('%d seconds -> %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

describe('percent and counted', () => {
  it('round to the digits asked for', () => {
    expect([percent(0.98341), percent(1, 0), percent(0.5, 1)]).toEqual(['98.34 %', '100 %', '50.0 %']);
  });

  it('one is singular, none and many are plural', () => {
    expect([0, 1, 2].map((count) => counted(count, 'ticket'))).toEqual(['0 tickets', '1 ticket', '2 tickets']);
  });
});

describe('table', () => {
  it('pads the first column to the right and the others to the left', () => {
    const text = table(
      ['', 'NLL'],
      [
        ['ensemble', '0.1'],
        ['member', '12.25'],
      ],
    );
    expect(text.split('\n')).toEqual(['            NLL', '--------  -----', 'ensemble    0.1', 'member    12.25']);
  });
});
