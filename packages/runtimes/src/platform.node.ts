/** The one platform for which files are pinned. */
import { SparseError } from '@freetickets/sparse-core';

/** The oldest glibc that all pinned wheels run with. */
const GLIBC = 2.28;

/** @throws SparseError RUNTIME_UNAVAILABLE anywhere but on Linux with glibc on x86-64 */
export function checkPlatform(name: string): void {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const glibc = header.glibcVersionRuntime;
  if (process.platform === 'linux' && process.arch === 'x64' && Number(glibc) >= GLIBC) return;
  const here = `${process.platform}-${process.arch}${process.platform === 'linux' ? ` with ${glibc === undefined ? 'another C library' : `glibc ${glibc}`}` : ''}`;
  throw new SparseError('RUNTIME_UNAVAILABLE', `setup ${name}`, `Linux on x86-64 with glibc ${GLIBC} or later`, new Error(here));
}
