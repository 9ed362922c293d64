import type { Reporter, RunEvent } from '@freetickets/report';
import { SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../run-folder.ts';
import { openTrackers } from './tracker.ts';

const start = { name: 'run', configuration: {}, provenance: [], members: 1, time: 0 };
const back: RunEvent = { type: 'back', member: 0, step: 1 };

/** One that fails from its `failing`th event on. */
function tracker(told: string[], failing = Number.POSITIVE_INFINITY) {
  const reporter: Reporter = {
    async take({ type }) {
      if (told.length >= failing) throw new SparseError('DISK_FULL', 'boards', 'space', new Error('none'));
      told.push(type);
    },
    async end(how) {
      told.push(how);
    },
  };
  return { open: async () => reporter };
}

describe('openTrackers', () => {
  it('tells all, and goes on without one that fails, having said so once', async () => {
    const [one, other]: [string[], string[]] = [[], []];
    const said: string[] = [];
    const talk = { quiet: false, say: (text: string) => said.push(text), result() {} };
    const reporter = await openTrackers([tracker(one, 1), tracker(other)], new RunFolder('run'), start, talk);
    for (let k = 0; k < 3; k++) await reporter.take(back, k);
    await reporter.end('finished', 3);
    expect(one).toEqual(['back']);
    expect(other).toEqual(['back', 'back', 'back', 'finished']);
    expect(said).toEqual(['warning: boards: expected space, received none; the run goes on without telling it there']);
  });
});
