/** One process at a time writes to a run folder. */
import { SparseError } from '@freetickets/sparse-core';
import { lockFolder } from '@freetickets/sparse-core/node';

/**
 * @param folder has to exist
 * @throws SparseError ALREADY_EXISTS when another process trains in the folder
 */
export async function lockRun(folder: string): Promise<AsyncDisposable> {
  const lock = await lockFolder(folder);
  if (lock !== undefined) return lock;
  throw new SparseError('ALREADY_EXISTS', folder, 'a run that nobody else works on', new Error('one that another process trains'));
}
