import { describe, expect, it } from 'vitest';
import { epochSeconds } from '../sparse-run.ts';
import { projection } from './edst.ts';

describe('epochSeconds', () => {
  it('means the time between the ends of epochs, by phase', () => {
    const events = [
      { type: 'phase', phase: 'explore' },
      { type: 'epoch', phase: 'explore', seconds: 10 },
      { type: 'epoch', phase: 'explore', seconds: 22 },
      { type: 'rewired', phase: 'refine 1' },
      { type: 'epoch', phase: 'refine 1', seconds: 29 },
      { type: 'epoch', phase: 'refine 2', seconds: 34 },
    ];
    const log = `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
    expect(epochSeconds(log)).toEqual({ exploreSeconds: (10 + 12) / 2, refineSeconds: (7 + 5) / 2 });
  });
});

describe('projection', () => {
  // 5000 pictures were timed, a tenth of the data set.
  const three = projection({ tickets: 3, sparsity: 0.8 }, { exploreSeconds: 2, refineSeconds: 1 }, 4, 5000);

  it('multiplies seconds an epoch by the epochs of the paper and the size of the data', () => {
    expect(three.sparseSeconds).toBe(10 * (150 * 2 + 300 * 1));
    expect(three.denseSeconds).toBe(10 * 250 * 4);
    expect(three.ratio).toBe(600 / 1000);
  });

  it('stands beside the counted ratios that the paper prints for WRN-28-10', () => {
    const seven = projection({ tickets: 7, sparsity: 0.9 }, { exploreSeconds: 2, refineSeconds: 1 }, 4, 5000);
    expect([three.paperFlopsRatio.toFixed(2), seven.paperFlopsRatio.toFixed(2)]).toEqual(['0.61', '0.57']);
  });
});
