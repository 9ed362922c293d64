/** The data of an experiment: loaded, split, as sources of batches. */
import { cropFlip, type Dataset, datasetHash, loadDataset, type MemorySource, sourceOf, splitValidation } from '@freetickets/datasets';
import { SparseError } from '@freetickets/sparse-core';
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

export type DataOptions = Pick<Experiment, 'dataset' | 'data' | 'limitPerClass' | 'imageSize' | 'augmentation' | 'validation'>;

/** @throws SparseError naming the file, field or option at fault */
export async function openData(options: DataOptions, talk: Talk): Promise<Data> {
  const dataset = await load(options, talk);
  const { train, validation } = splitValidation(dataset.train, options.validation);
  return {
    dataset,
    hash: datasetHash(dataset),
    train: sourceOf(train, { dataset }),
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
  if (augmentation === undefined) return loaded;
  if (augmentation === 'none') return { ...loaded, augmentation };
  return { ...loaded, augmentation: loaded.augmentation === 'none' ? cropFlip() : loaded.augmentation };
}
