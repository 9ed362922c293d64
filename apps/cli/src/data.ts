/** The data of an experiment: loaded, split, as sources of batches. */
import { type Dataset, datasetHash, loadDataset, type MemorySource, sourceOf, splitValidation } from '@freetickets/datasets';
import type { Experiment } from './experiment.ts';
import { progressBar } from './progress.ts';

export interface Data {
  readonly dataset: Dataset;
  readonly hash: string;
  readonly train: MemorySource;
  readonly valid: MemorySource;
  readonly test: MemorySource;
}

export type DataOptions = Pick<Experiment, 'dataset' | 'data' | 'limitPerClass' | 'imageSize' | 'augmentation' | 'validation'>;

/** @throws SparseError naming the file, field or option at fault */
export async function openData(options: DataOptions, say: (line: string) => void): Promise<Data> {
  const dataset = await loadWithProgress(options, say);
  const { train, validation } = splitValidation(dataset.train, options.validation);
  return {
    dataset,
    hash: datasetHash(dataset),
    train: sourceOf(train, { dataset }),
    valid: sourceOf(validation, { dataset }),
    test: sourceOf(dataset.test, { dataset }),
  };
}

async function loadWithProgress(options: DataOptions, say: (line: string) => void): Promise<Dataset> {
  const { dataset, data, limitPerClass, imageSize, augmentation } = options;
  let bar: ReturnType<typeof progressBar> | undefined;
  const folder = dataset === 'image-folder' && augmentation !== undefined;
  const loaded = await loadDataset({
    dataset,
    ...(data !== undefined && { data }),
    ...(limitPerClass !== undefined && { limitPerClass }),
    ...(imageSize !== undefined && { size: imageSize }),
    ...(folder && { augmentation }),
    onNotice: say,
    onProgress: ({ done, total }) => {
      bar ??= progressBar('pictures', total ?? 0, say);
      bar.update(done);
    },
  }).finally(() => bar?.stop());
  return augmentation === 'none' ? { ...loaded, augmentation } : loaded;
}
