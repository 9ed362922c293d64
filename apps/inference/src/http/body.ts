// From the bytes of a request to a parsed JSON value: decompression and parsing, each within a limit.

import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { SparseError } from '@freetickets/sparse-core';
import { httpError } from './http-error.ts';

const maxNesting = 100;
// `deflate` in HTTP is the zlib format.
const decoders = new Map([
  ['gzip', promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate)],
]);

/** Content codings are case-insensitive. */
export const contentEncoding = (header: string | undefined): string => header?.trim().toLowerCase() ?? 'identity';

/** 415 for an encoding other than gzip and deflate; called before the body is read. */
export function checkEncoding(encoding: string): void {
  if (encoding === 'identity' || decoders.has(encoding)) return;
  throw httpError(415, `Content-Encoding: expected gzip or deflate, received ${encoding}`, { 'accept-encoding': 'gzip, deflate' });
}

/** The body as it was before compression, at most `maxBytes` of it. @throws 413 when there is more, 400 when it does not decompress */
export async function decompress(body: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  const decode = decoders.get(encoding);
  if (decode === undefined) return body;
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, ' after decompression');
    throw httpError(400, `request body: expected valid ${encoding} data, received something else (${(error as Error).message})`);
  }
}

export const tooLarge = (maxBytes: number, when = ''): Error =>
  httpError(413, `request body: expected at most ${maxBytes} bytes${when}, received more`);

/** Parses JSON text. @throws SparseError INVALID_ARGUMENT when it is not JSON (NaN is not), not UTF-8, or nested too deeply */
export function parseJson(body: Uint8Array): unknown {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Before parsing: every open bracket costs the parser many times the byte that it took to send.
  if (mayBeDeep(bytes) && nesting(bytes) > maxNesting)
    throw new SparseError('INVALID_ARGUMENT', 'request body', `at most ${maxNesting} levels of nesting`, new Error('more'));
  if (!isUtf8(body)) throw new SparseError('INVALID_ARGUMENT', 'request body', 'JSON in UTF-8', new Error('bytes that are no UTF-8'));
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new SparseError('INVALID_ARGUMENT', 'request body', 'JSON', new Error(`something else (${(error as Error).message})`));
  }
}

/** Whether there are enough open brackets at all; searching for them takes a fraction of the time that looking at every byte does. */
function mayBeDeep(body: Buffer): boolean {
  let found = 0;
  for (const bracket of [0x5b, 0x7b]) {
    for (let at = body.indexOf(bracket); at >= 0; at = body.indexOf(bracket, at + 1)) {
      if (++found > maxNesting) return true;
    }
  }
  return false;
}

/** Deepest nesting of brackets outside strings; in UTF-8 these bytes are never part of another character. */
function nesting(body: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === 0x22)
      inString = !inString; // "
    else if (byte === 0x5c)
      i++; // \ escapes the next byte, and stands in strings only
    else if (!inString && (byte === 0x5b || byte === 0x7b))
      deepest = Math.max(deepest, ++depth); // [ {
    else if (!inString && (byte === 0x5d || byte === 0x7d)) depth--; // ] }
  }
  return deepest;
}
