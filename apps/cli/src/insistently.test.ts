import { SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { insistently } from './insistently.ts';

const full = new SparseError('DISK_FULL', 'a', '1 byte of free disk space', 'a full disk or quota');

describe('insistently', () => {
  it('tries again when the disk is full, having made room', async () => {
    const told: string[] = [];
    await insistently(
      async () => {
        told.push('write');
        if (told.length < 3) throw full;
      },
      async () => void told.push('room'),
    );
    expect(told).toEqual(['write', 'room', 'write']);
  });

  it('does not try again what is no fault of the disk', async () => {
    let tries = 0;
    const missing = new SparseError('MISSING_FILE', 'a', 'a folder', 'none');
    const write = async () => {
      tries++;
      throw missing;
    };
    await expect(insistently(write)).rejects.toBe(missing);
    expect(tries).toBe(1);
  });

  it('gives up in the end', async () => {
    let tries = 0;
    const write = async () => {
      tries++;
      throw full;
    };
    await expect(insistently(write)).rejects.toBe(full);
    expect(tries).toBe(4);
  });
});
