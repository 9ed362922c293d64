/** Every form of an ensemble answers alike, and one that does not is seen. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { summary } from '../statistics.ts';
import { agrees, differenceNotes, type EnsembleCase, tableOf } from './compare.ts';
import { SEPARATE, writeForms } from './files.ts';
import { randomImages } from './images.ts';
import { openSessions } from './sessions.ts';

const folder = mkdtempSync(join(tmpdir(), 'freetickets-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('writeForms', () => {
  it('writes forms of which each gives the same probabilities within 1e-6, in half precision within 1e-3', async () => {
    const which = ['fused', 'grouped', 'grouped fp16', SEPARATE];
    const forms = writeForms({ network: 'lenet-5', members: 3, sparsity: 0.9, seed: 1 }, folder, which);
    expect(forms.map(({ name, files }) => [name, files.length])).toEqual([
      ['fused', 1],
      ['grouped', 1],
      ['grouped fp16', 1],
      [SEPARATE, 3],
    ]);
    const shape = [2, 1, 28, 28];
    const answers: Float32Array[] = [];
    for (const { files } of forms) {
      const sessions = await openSessions(files, 'cpu', 1);
      answers.push(await sessions.probabilities(randomImages(shape, 2), shape));
      await sessions.close();
    }
    const [fused, ...others] = answers as [Float32Array, ...Float32Array[]];
    expect(fused).toHaveLength(20);
    const differences = others.map((other) => Math.max(...other.map((value, k) => Math.abs(value - fused[k]!))));
    expect(differences[0]).toBeLessThan(1e-6);
    expect(differences[1]).toBeLessThan(1e-3);
    expect(differences[2]).toBeLessThan(1e-6);
  });
});

describe('what comes of it', () => {
  const measured = (name: string, infer: number[], ours: boolean) => ({ name, ours, versions: {}, times: { infer: summary(infer) } });
  const one: EnsembleCase = {
    name: 'lenet-5, 3 members, batch 32',
    network: 'lenet-5',
    members: 3,
    sparsity: 0.9,
    seed: 1,
    device: 'cpu',
    batchSize: 32,
    differences: { fused: 0, grouped: 2e-8, 'grouped fp16': 4e-4 },
    measurements: [measured('fused', [4, 3], true), measured('grouped', [2, 5], true), measured('PyTorch eager', [1], false)],
  };

  it('is a row of least times, and the pictures a second of the best of ours', () => {
    expect(tableOf([one]).rows).toEqual([['lenet-5, 3 members, batch 32', '3.00', '2.00', '1.00', '16000']]);
  });
  it('agrees when full precision does; the two kinds are told apart', () => {
    expect(agrees([one])).toBe(true);
    expect(agrees([{ ...one, differences: { ...one.differences, grouped: 2e-4 } }])).toBe(false);
    expect(differenceNotes([one])).toEqual([expect.stringContaining('2.0e-8 (bound 0.0001)'), 'In half precision: 4.0e-4.']);
  });
});
