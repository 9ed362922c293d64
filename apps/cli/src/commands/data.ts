/** `freetickets data`: loads (and caches) a data set, says what is in it, and writes corrupted copies of its test pictures. */
import { writeCifarC } from '@freetickets/datasets';
import { type CorruptionName, corruptionNames } from '@freetickets/sparse-core';
import { type Data, type DataOptions, openData } from '../data.ts';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import { durationText } from '../text.ts';

export interface DataDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly classes: readonly string[];
  readonly train: number;
  readonly valid: number;
  readonly test: number;
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly sha256: string;
  readonly seconds: number;
  /** Written, and where. */
  readonly corruptions?: { readonly folder: string; readonly names: readonly CorruptionName[] };
}

export interface CorruptOptions {
  readonly folder: string;
  /** Default: all 19. */
  readonly corruptions?: readonly CorruptionName[];
  readonly seed?: number;
}

export async function describeData(options: DataOptions, talk: Talk, corrupt?: CorruptOptions): Promise<DataDescription> {
  const started = performance.now();
  const data = await openData(options, talk);
  const seconds = (performance.now() - started) / 1000;
  const names = corrupt && (await writeCorruptions(data, corrupt, talk));
  const { dataset, hash, train, valid, test } = data;
  const { name, shape, classes, normalization } = dataset;
  return {
    name,
    shape,
    classes,
    train: train.size,
    valid: valid.size,
    test: test.size,
    normalization,
    sha256: hash,
    seconds,
    ...(corrupt && names && { corruptions: { folder: corrupt.folder, names } }),
  };
}

async function writeCorruptions({ dataset }: Data, { folder, corruptions, seed }: CorruptOptions, talk: Talk): Promise<CorruptionName[]> {
  const bar = progressBar({ label: 'corruptions', total: 5 * (corruptions ?? corruptionNames).length }, talk);
  return writeCifarC(folder, {
    dataset,
    clean: dataset.test,
    ...(corruptions && { corruptions }),
    ...(seed !== undefined && { seed }),
    onProgress: (done) => bar.update(done),
  }).finally(() => bar.stop());
}

export function dataText(data: DataDescription): string {
  const numbers = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(' ');
  return [
    `${data.name}: ${data.train} training, ${data.valid} validation, ${data.test} test pictures of ${data.shape.join(' x ')} (loaded in ${durationText(data.seconds)})`,
    `${data.classes.length} classes: ${data.classes.slice(0, 20).join(', ')}${data.classes.length > 20 ? ', ...' : ''}`,
    `mean ${numbers(data.normalization.mean)}, std ${numbers(data.normalization.std)}`,
    `sha256 ${data.sha256}`,
    ...(data.corruptions ? [`corrupted test pictures in ${data.corruptions.folder}: ${data.corruptions.names.join(', ')}`] : []),
  ].join('\n');
}
