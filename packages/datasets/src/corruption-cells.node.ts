/** The cells of CIFAR-10-C one after the other, made from clean pictures or read from the published files. */

import { type CorruptionName, corruptionNames, SparseError } from '@freetickets/sparse-core';
import { cifarC, corruptionsIn } from './cifar-c.node.ts';
import { corrupted } from './corruptions/corrupted.node.ts';
import { checkCell, type Severity, severities } from './corruptions/names.ts';
import type { Dataset, Samples } from './dataset.ts';

export interface CellsOptions {
  readonly dataset: Pick<Dataset, 'shape' | 'classes'>;
  /** Clean pictures to corrupt, with a seed (default 17), or the folder of the published files. */
  readonly from: { readonly clean: Samples; readonly seed?: number } | { readonly folder: string };
  /** Default: all 19; of a folder, those that lie there. */
  readonly corruptions?: readonly string[];
  /** Default: 1 to 5. */
  readonly severities?: readonly number[];
}

export interface CorruptedCell {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
  readonly samples: Samples;
}

/**
 * Cell by cell, in the field's order of names, severities rising; one is in memory at a time (31 MB for 10,000 pictures).
 *
 * @throws SparseError INVALID_ARGUMENT, before the first cell, for an unknown corruption or severity; and what `corrupted` or `cifarC` throws
 * @example for await (const { corruption, severity, samples } of corruptionCells({ dataset: set, from: { clean: set.test } })) { }
 */
export async function* corruptionCells(options: CellsOptions): AsyncGenerator<CorruptedCell, void, undefined> {
  const { dataset, from } = options;
  const names = options.corruptions ?? ('folder' in from ? await found(from.folder) : corruptionNames);
  const cells = names.flatMap((corruption) => (options.severities ?? severities).map((severity) => checkCell({ corruption, severity })));
  for (const cell of cells) {
    const samples =
      'folder' in from
        ? await cifarC(from.folder, { dataset, ...cell })
        : await corrupted(from.clean, { dataset, ...cell, ...(from.seed !== undefined && { seed: from.seed }) });
    yield { ...cell, samples };
  }
}

async function found(folder: string): Promise<readonly CorruptionName[]> {
  const names = await corruptionsIn(folder);
  if (names.length > 0) return names;
  throw new SparseError('MISSING_FILE', folder, 'a folder of CIFAR-10-C or CIFAR-100-C, with fog.npy and others', 'none of them');
}
