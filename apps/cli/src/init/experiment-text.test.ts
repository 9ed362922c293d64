import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readExperimentFile, resolveExperiment } from '../experiment.ts';
import { FIELD_NAMES, isAdvanced } from '../experiment-fields.ts';
import { datasetAt } from './dataset-at.ts';
import { experimentText } from './experiment-text.ts';

const home = mkdtempSync(join(tmpdir(), 'init-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('experimentText', () => {
  const experiment = resolveExperiment({ tickets: '5', imageSize: '24' });
  const text = experimentText(experiment, { file: 'e.jsonc', advanced: ['imageSize'], schema: './schema.json' });

  it('reads back as the experiment that it was made of', async () => {
    const file = join(home, 'e.jsonc');
    writeFileSync(file, text);
    const read = await readExperimentFile(file);
    expect(read.values.$schema).toBe('./schema.json');
    expect(resolveExperiment({}, read)).toEqual(experiment);
  });

  it('has every usual field that has a value, with its meaning above it, and names the others', () => {
    for (const name of FIELD_NAMES) {
      const isWritten = experiment[name] !== undefined && (!isAdvanced(name) || name === 'imageSize');
      expect(text.includes(`\n  "${name}": `), name).toBe(isWritten);
      if (!isWritten) expect(text.replace(/\n *\/\/ /g, ' '), name).toMatch(new RegExp(`[ ,]${name}(,|\n)`));
    }
    expect(text).toContain('  // members of the ensemble\n  "tickets": 5,\n');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('datasetAt', () => {
  const folderWith = (name: string) => {
    const folder = mkdtempSync(join(home, 'data-'));
    writeFileSync(join(folder, name), '');
    return folder;
  };

  it.each([
    ['train-images-idx3-ubyte', 'mnist'],
    ['data_batch_1.bin', 'cifar10'],
    ['train.bin', 'cifar100'],
    ['train_32x32.mat', 'svhn'],
    ['train', 'image-folder'],
  ])('a folder with %s: %s', async (name, dataset) => {
    expect(await datasetAt(folderWith(name))).toBe(dataset);
  });

  it('an archive, and nothing', async () => {
    expect(await datasetAt(join(folderWith('pictures.tar.gz'), 'pictures.tar.gz'))).toBe('image-folder');
    await expect(datasetAt(join(home, 'none'))).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });
});
