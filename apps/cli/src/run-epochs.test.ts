import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { epochsIn, metricAfter, secondsOf } from './run-epochs.ts';

/** Two members of two epochs. */
const LOG = [
  { member: 0, type: 'phase', phase: 'train' },
  { member: 0, type: 'epoch', epoch: 1, of: 2, validAccuracy: 0.5, seconds: 1 },
  { member: 0, type: 'epoch', epoch: 2, of: 2, validAccuracy: 0.7, seconds: 2 },
  { member: 1, type: 'epoch', epoch: 1, of: 2, validAccuracy: 0.3, seconds: 4 },
];

function log(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'freetickets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'events.jsonl'), text);
  return join(folder, 'events.jsonl');
}

describe('the epochs of a run', () => {
  it('are counted over its members; a line that is not whole tells nothing', async () => {
    const epochs = await epochsIn(log(`${LOG.map((event) => JSON.stringify(event)).join('\n')}\n{"member":1,"type":"epoch","epo`));
    expect(epochs.map(({ epochOfRun }) => epochOfRun)).toEqual([1, 2, 3]);
    expect(await epochsIn('no/such/file')).toEqual([]);
  });

  it('give a metric as the mean over the members begun by then, and the seconds of all', async () => {
    const epochs = await epochsIn(log(LOG.map((event) => JSON.stringify(event)).join('\n')));
    expect(metricAfter(epochs, 'validAccuracy', 1)).toBe(0.5);
    expect(metricAfter(epochs, 'validAccuracy', 2)).toBe(0.7);
    expect(metricAfter(epochs, 'validAccuracy')).toBeCloseTo((0.7 + 0.3) / 2, 12);
    expect(metricAfter(epochs, 'validLoss')).toBeUndefined();
    expect(secondsOf(epochs)).toBe(2 + 4);
  });
});
