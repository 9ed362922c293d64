import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generated } from '@freetickets/datasets';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Data } from '../data.ts';
import { corruptionsFor } from './corruption.ts';

const digits = { dataset: generated({ train: 10, test: 10, size: 8 }) };
const coloured: Pick<Data, 'dataset'> = { dataset: { ...digits.dataset, shape: [3, 32, 32] } };

describe('corruptionsFor', () => {
  it('refuses pictures that corruptions are not made for', async () => {
    await expect(corruptionsFor(digits, {})).rejects.toThrow(
      '--corruptions: expected a run on pictures of 3x32x32, which corruptions are made for, received 1x8x8 of generated',
    );
  });

  it('is all 19, those that were named, or those in the folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freetickets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(await corruptionsFor(coloured, {})).toHaveLength(19);
    expect(await corruptionsFor(coloured, { corruptions: ['fog'] })).toEqual(['fog']);
    await expect(corruptionsFor(coloured, { folder })).rejects.toThrow(/with gaussian_noise\.npy, received none of its files/);
    writeFileSync(join(folder, 'fog.npy'), '');
    writeFileSync(join(folder, 'snow.npy'), '');
    expect(await corruptionsFor(coloured, { folder })).toEqual(['snow', 'fog']);
    await expect(corruptionsFor(coloured, { folder, corruptions: ['frost'] })).rejects.toThrow(/with frost\.npy, received only snow, fog/);
  });
});
