/** The data of an experiment: loaded, split, as sources of batches. */
import {
  type Augmentation,
  corruptionCells,
  cropFlip,
  type Dataset,
  datasetHash,
  loadDataset,
  loadOod,
  type MemorySource,
  type Normalization,
  resizedCrop,
  type Severity,
  sourceOf,
  splitValidation,
} from '@freetickets/datasets';
import { type CorruptionName, SparseError } from '@freetickets/sparse-core';
import type { Experiment } from './experiment-fields.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import type { RunRecord } from './run-record.ts';
import type { Talk } from './talk.ts';

export interface Data {
  readonly dataset: Dataset;
  readonly hash: string;
  readonly train: MemorySource;
  readonly valid: MemorySource;
  readonly test: MemorySource;
}

export type DataOptions = Pick<Experiment, 'dataset' | 'data' | 'limitPerClass' | 'imageSize' | 'augmentation' | 'mixup' | 'validation'>;

/**
 * @param normalization what the pictures are to be normalised by; default: the data set's own
 * @throws SparseError naming the file, field or option at fault
 */
export async function openData(options: DataOptions, talk: Talk, normalization?: Normalization): Promise<Data> {
  const loaded = await load(options, talk);
  const dataset = normalization ? { ...loaded, normalization } : loaded;
  const { train, validation } = splitValidation(dataset.train, options.validation);
  return {
    dataset,
    hash: datasetHash(loaded),
    train: sourceOf(train, { dataset, mixup: options.mixup }),
    valid: sourceOf(validation, { dataset }),
    test: sourceOf(dataset.test, { dataset }),
  };
}

/** The data of a run, wherever it is now. @throws SparseError INVALID_CONFIG when it is other data */
export async function openDataOfRun(options: DataOptions, record: RunRecord, talk: Talk): Promise<Data> {
  const data = await openData(options, talk);
  if (data.hash === record.data.hash) return data;
  const [expected, found] = [record.data.hash, data.hash].map((hash) => hash.slice(0, 12));
  throw new SparseError(
    'INVALID_CONFIG',
    options.data ?? options.dataset,
    `the data that the run was started with (sha256 ${expected}...)`,
    new Error(`other data (sha256 ${found}...)`),
    'Say with --data where it is now',
  );
}

/**
 * Pictures that the network was not trained on, normalised as it expects.
 *
 * @param word `svhn:data/svhn`, `gaussian-noise`, ...; a path is meant from the working folder
 * @throws SparseError naming the word or the file at fault
 */
export async function openOod(
  word: string,
  { dataset }: Pick<Data, 'dataset'>,
  talk: Talk,
): Promise<{ name: string; source: MemorySource }> {
  const { name, samples } = await loadOod(word, { dataset, onNotice: (notice) => talk.say(`note: ${notice}`) });
  return { name, source: sourceOf(samples, { dataset }) };
}

export interface CorruptionOptions {
  /** Folder of the published files of CIFAR-10-C or CIFAR-100-C. Absent: the test pictures are corrupted here. */
  readonly folder?: string;
  /** Keys what is drawn here. Default 17. */
  readonly seed?: number;
  /** Default: all 19, or those in the folder. */
  readonly corruptions?: readonly string[];
  /** Default: 1 to 5. */
  readonly severities?: readonly number[];
}

/** The corrupted test pictures cell by cell. @throws SparseError naming the corruption, the severity or the file at fault */
export async function* openCorruptions(
  { dataset }: Pick<Data, 'dataset'>,
  { folder, seed, ...which }: CorruptionOptions = {},
): AsyncGenerator<{ corruption: CorruptionName; severity: Severity; source: MemorySource }, void, undefined> {
  const from = folder === undefined ? { clean: dataset.test, ...(seed !== undefined && { seed }) } : { folder };
  for await (const { samples, ...cell } of corruptionCells({ dataset, from, ...which })) {
    yield { ...cell, source: sourceOf(samples, { dataset }) };
  }
}

async function load({ dataset, data, limitPerClass, imageSize, augmentation }: DataOptions, talk: Talk): Promise<Dataset> {
  let bar: ProgressBar | undefined;
  const loaded = await loadDataset({
    dataset,
    ...(data !== undefined && { data }),
    ...(limitPerClass !== undefined && { limitPerClass }),
    ...(imageSize !== undefined && { size: imageSize }),
    onNotice: (notice) => talk.say(`note: ${notice}`),
    onProgress: ({ done, total = 0 }) => {
      bar ??= progressBar({ label: 'pictures', total }, talk);
      bar.update(done);
    },
  }).finally(() => bar?.stop());
  return augmentation === undefined ? loaded : { ...loaded, augmentation: augmentationOf(augmentation, loaded) };
}

/** An augmentation by its name, given what the data set would do. */
function augmentationOf(name: NonNullable<DataOptions['augmentation']>, { augmentation: own, shape }: Dataset): Augmentation {
  if (name === 'none') return 'none';
  if (name === 'imagenet') return resizedCrop();
  const crops = own === 'none' ? undefined : own;
  if (name === 'crop-flip') return crops ?? cropFlip();
  const still = cropFlip({ pad: 0, flip: 0 });
  const before = crops && 'pad' in crops ? crops : name === 'cutout' ? still : cropFlip();
  return { ...before, cutout: Math.min(shape[1], shape[2]) >> 1 };
}
