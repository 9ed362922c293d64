import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.ts';

/** SHA-256 in hex over a header, as JSON, and then all pictures and labels. */
export function contentHash(header: unknown, { train, test }: Pick<Dataset, 'train' | 'test'>): string {
  const hash = createHash('sha256').update(`${JSON.stringify(header)}\n`);
  for (const { images, labels } of [train, test]) hash.update(images).update(labels);
  return hash.digest('hex');
}

/**
 * SHA-256 in hex over classes, shapes, pictures and labels: equal when, and only when, two data sets have the same content in the same
 * order. Name, normalisation and augmentation do not count. For provenance, and to refuse to resume on other data.
 */
export function datasetHash({ classes, shape, train, test }: Dataset): string {
  return contentHash({ classes, shape, sizes: [train.size, test.size] }, { train, test });
}
