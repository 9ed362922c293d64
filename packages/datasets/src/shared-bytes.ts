/**
 * Memory that worker threads see without a copy. Loaders put pictures there, so that a thread which makes batches reads the same bytes
 * as the one that trains. Platforms without it (browsers whose page is not isolated) get ordinary memory.
 */

/** Zeros. */
export function sharedBytes(size: number): Uint8Array {
  return typeof SharedArrayBuffer === 'undefined' ? new Uint8Array(size) : new Uint8Array(new SharedArrayBuffer(size));
}

/** The bytes themselves where they are shared already, else a copy. */
export function inSharedMemory(bytes: Uint8Array): Uint8Array {
  if (typeof SharedArrayBuffer !== 'undefined' && bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = sharedBytes(bytes.length);
  copy.set(bytes);
  return copy;
}
