/** The training part of a picture data set as plain bytes in a file, so that PyTorch trains on the very pictures that we do. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadDataset, splitValidation } from '@freetickets/datasets';
import { inBench } from './folders.ts';

export interface PictureFiles {
  readonly count: number;
  /** (count, C, H, W) bytes. */
  readonly pictures: string;
  /** (count) bytes. */
  readonly labels: string;
}

/** Share of the training data that `freetickets train` keeps for validation. */
const VALIDATION = 0.1;

/** @throws SparseError where there are no pictures at `data` */
export async function pictureFiles(data: string, limitPerClass: number | undefined): Promise<PictureFiles> {
  const dataset = await loadDataset({ dataset: 'image-folder', data, ...(limitPerClass !== undefined && { limitPerClass }) });
  const { train } = splitValidation(dataset.train, VALIDATION);
  const [pictures, labels] = [inBench('.cache/pictures.bin'), inBench('.cache/labels.bin')];
  mkdirSync(inBench('.cache'), { recursive: true });
  writeFileSync(pictures, train.images);
  writeFileSync(labels, Uint8Array.from(train.labels));
  return { count: train.size, pictures, labels };
}
