import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLANK_SEAL, encodeSafetensors } from '@freetickets/sparse-core';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadProbed, saveProbed } from './run-trajectory.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'freetickets-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
});

describe('the trajectory of a run', () => {
  it('is log-softmax by member and epoch, in the order of numbers, and a repeated epoch stands there once', async () => {
    const third = Math.log(3);
    await saveProbed(path, { member: 1, epoch: 2 }, Float32Array.of(0, 0, third, 0), 2, 2);
    await saveProbed(path, { member: 0, epoch: 10 }, Float32Array.of(0, 0), 1, 2);
    await saveProbed(path, { member: 0, epoch: 9 }, Float32Array.of(0, 0), 1, 2);
    await saveProbed(path, { member: 0, epoch: 9 }, Float32Array.of(third, 0), 1, 2);
    const found = await loadProbed(path);
    expect(found.map(({ member, epoch, size }) => [member, epoch, size])).toEqual([
      [0, 9, 1],
      [0, 10, 1],
      [1, 2, 2],
    ]);
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));
    expect([...found[0]!.logProbabilities]).toEqual(close([Math.log(3 / 4), Math.log(1 / 4)]));
    expect([...found[2]!.logProbabilities]).toEqual(close([Math.log(1 / 2), Math.log(1 / 2), Math.log(3 / 4), Math.log(1 / 4)]));
  });

  it('does not exist where none was kept, and other files are left aside', async () => {
    expect(await loadProbed(path)).toEqual([]);
    mkdirSync(join(path, 'trajectory'));
    writeFileSync(join(path, 'trajectory', '0-1.safetensors.tmp'), '');
    expect(await loadProbed(path)).toEqual([]);
    writeFileSync(join(path, 'trajectory', '0-1.safetensors'), encodeSafetensors(new Map(), { seal: BLANK_SEAL }));
    await expect(loadProbed(path)).rejects.toThrow('expected the tensor log_probabilities of float32');
  });
});
