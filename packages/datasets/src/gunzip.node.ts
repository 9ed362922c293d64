import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { SparseError } from '@freetickets/sparse-core';

/** More than any file of the data sets here unpacks to; keeps a hostile file from filling the memory. */
const MAX_BYTES = 2 ** 30;

/**
 * How much `packed` bytes may unpack to: pictures and labels shrink by far less than 200 times, and what is small does no harm.
 * @param most whatever its length
 */
export const mostUnpacked = (packed: number, most: number): number => Math.min(most, 2 ** 26 + 200 * packed);

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzip file; bytes that are no gzip file come back as they are.
 * @throws SparseError BAD_FILE when it is damaged, cut short or unpacks to more than 1 GiB or, beyond 64 MiB, to more than 200 times its length
 */
export async function gunzipIfNeeded(bytes: Uint8Array, at: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const most = mostUnpacked(bytes.length, MAX_BYTES);
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: most });
  } catch (cause) {
    throw new SparseError('BAD_FILE', at, `a whole gzip file of at most ${most} bytes unpacked`, cause, 'Fetch the file again', {
      cause,
    });
  }
}
