/** What a setup is about to do, in one line for people. */
import { bytesText } from '@freetickets/sparse-core';
import type { Setup } from './install.node.ts';

/** @param fetchedInto the folder, where files are only fetched */
export function setupText({ name, about, downloads, downloadBytes, installedBytes, folder }: Setup, fetchedInto?: string): string {
  const versions = Object.entries(about).map(([what, value]) => `${what} ${value}`);
  const largest = [...downloads].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 3);
  const names = largest.map((pin) => `${pin.name} ${bytesText(pin.sizeBytes)}`).join(', ');
  const more = downloads.length > largest.length ? ', ...' : '';
  const fetched = downloads.length === 0 ? 'nothing' : `${bytesText(downloadBytes)} in ${downloads.length} files (${names}${more})`;
  const disk =
    fetchedInto === undefined
      ? `needs about ${bytesText(installedBytes)} in ${folder}`
      : `needs ${bytesText(downloadBytes)} in ${fetchedInto}`;
  return `${name} (${versions.join(', ')}): downloads ${fetched}; ${disk}`;
}
