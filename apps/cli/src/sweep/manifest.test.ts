import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineSweep } from './definition.ts';
import { manifestPath, progressIn, writeManifest } from './manifest.ts';
import type { Progress } from './progress.ts';

const define = (values: object, seeds?: readonly number[]) =>
  defineSweep({ path: 'x.json', values: { method: ['edst', 'dense'], ...values } }, { seeds });

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freetickets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the manifest of a sweep', () => {
  const done = { status: 'finished', until: null, reports: { 3: 0.5 }, value: 0.75, epochs: 9, seconds: 1.5 } as const;

  it('gives back how far each run has come', async () => {
    const folder = temporary();
    const definition = define({});
    expect(await progressIn(folder, definition)).toEqual(new Map());
    await writeManifest(folder, definition, new Map([['method=dense,seed=17', done]]));
    expect(await progressIn(folder, definition)).toEqual(
      new Map<string, Progress>([
        ['method=edst,seed=17', { status: 'waiting', reports: {}, epochs: 0, seconds: 0 }],
        ['method=dense,seed=17', done],
      ]),
    );
    expect(await progressIn(folder, define({ threads: 1, checkpointEvery: 5 }))).toHaveProperty('size', 2); // circumstances may change
  });

  it.each([
    [
      define({ dropFraction: 0.4 }),
      /sweep.json: method=edst,seed=17: dropFraction: expected the sweep that the folder holds, 0.5, received 0.4. Choose another --to/,
    ],
    [define({}, [18]), /sweep.json: seeds: expected the sweep that the folder holds, \[17\], received \[18\]/],
    [define({ sparsity: [0.8, 0.9] }), /sweep.json: runs: expected the sweep that the folder holds, 2 runs from .*, received 4 runs from/],
    [define({ sweep: { metric: 'loss' } }), /sweep.json: judging: expected the sweep that the folder holds/],
  ])('refuses another sweep', async (other, sentence) => {
    const folder = temporary();
    await writeManifest(folder, define({}), new Map());
    await expect(progressIn(folder, other)).rejects.toThrow(sentence);
  });

  it('that is damaged is refused by its key', async () => {
    const folder = temporary();
    await writeManifest(folder, define({}), new Map());
    const text = readFileSync(manifestPath(folder), 'utf8');
    writeFileSync(manifestPath(folder), text.replace('"waiting"', '"wating"'));
    await expect(progressIn(folder, define({}))).rejects.toThrow(
      /sweep.json: runs.0.status: expected what freetickets sweep wrote, received "wating"/,
    );
    writeFileSync(manifestPath(folder), text.slice(0, 50));
    await expect(progressIn(folder, define({}))).rejects.toThrow(/sweep.json: expected JSON/);
  });
});
