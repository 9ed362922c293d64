import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { SparseError } from '@freetickets/sparse-core';

/** More than any file of the data sets here unpacks to; keeps a hostile file from filling the memory. */
const MAX_BYTES = 2 ** 30;

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzip file; bytes that are no gzip file come back as they are.
 * @throws SparseError BAD_FILE when it is damaged, cut short or unpacks to more than 1 GiB
 */
export async function gunzipIfNeeded(bytes: Uint8Array, at: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new SparseError('BAD_FILE', at, `a whole gzip file of at most ${MAX_BYTES} bytes unpacked`, cause, 'Fetch the file again', {
      cause,
    });
  }
}
