/** `freetickets data`: loads (and caches) a data set and says what is in it. */
import { type DataOptions, openData } from '../data.ts';
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
}

export async function describeData(options: DataOptions, talk: Talk): Promise<DataDescription> {
  const started = performance.now();
  const { dataset, hash, train, valid, test } = await openData(options, talk);
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
    seconds: (performance.now() - started) / 1000,
  };
}

export function dataText(data: DataDescription): string {
  const numbers = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(' ');
  return [
    `${data.name}: ${data.train} training, ${data.valid} validation, ${data.test} test pictures of ${data.shape.join(' x ')} (loaded in ${durationText(data.seconds)})`,
    `${data.classes.length} classes: ${data.classes.slice(0, 20).join(', ')}${data.classes.length > 20 ? ', ...' : ''}`,
    `mean ${numbers(data.normalization.mean)}, std ${numbers(data.normalization.std)}`,
    `sha256 ${data.sha256}`,
  ].join('\n');
}
