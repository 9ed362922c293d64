/** A disk that is full or fails may be better in a moment: training waits for it a little before it gives up. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SparseError } from '@freetickets/sparse-core';
import { isOfDisk } from './exit.ts';

const PAUSES_MS = [250, 1000, 2000];

/**
 * @param write may be called again after it failed
 * @param onFull makes room, when the disk is full
 * @throws what `write` threw last, or first if it was no fault of the disk
 */
export async function insistently(write: () => Promise<void>, onFull: () => Promise<void> = async () => {}): Promise<void> {
  for (const pause of PAUSES_MS) {
    try {
      return await write();
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      if ((error as SparseError).code === 'DISK_FULL') await onFull();
      await delay(pause);
    }
  }
  return write();
}
