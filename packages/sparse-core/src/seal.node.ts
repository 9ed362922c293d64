/** Seals of files on disk; see `seal.ts`. */
import { createHash } from 'node:crypto';
import { SparseError } from './errors.ts';
import { SEAL_DIGITS, SEAL_MARK } from './seal.ts';

const ZEROS = Buffer.from('0'.repeat(SEAL_DIGITS));

/** The bytes in pieces, their blank seal filled in; as they are where they have none. Nothing is copied. */
export function sealed(bytes: Uint8Array): readonly Uint8Array[] {
  const start = digitsStart(bytes);
  if (start === undefined || !digitsOf(bytes, start).equals(ZEROS)) return [bytes];
  return [bytes.subarray(0, start), Buffer.from(digestOf(bytes, start)), bytes.subarray(start + SEAL_DIGITS)];
}

/** @throws SparseError BAD_FILE when the bytes are not those that were sealed; bytes without a seal, or with a blank one, pass */
export function checkSeal(bytes: Uint8Array, at: string): void {
  const start = digitsStart(bytes);
  if (start === undefined || digitsOf(bytes, start).equals(ZEROS)) return;
  if (digitsOf(bytes, start).toString('latin1') === digestOf(bytes, start)) return;
  throw new SparseError(
    'BAD_FILE',
    at,
    'the bytes that its seal (SHA-256) was made of',
    new Error('others'),
    'The file is damaged or cut off, or another program changed it',
  );
}

function digitsStart(bytes: Uint8Array): number | undefined {
  const mark = asBuffer(bytes).indexOf(SEAL_MARK, 0, 'latin1');
  const start = mark + SEAL_MARK.length;
  return mark < 0 || start + SEAL_DIGITS > bytes.length ? undefined : start;
}

const digitsOf = (bytes: Uint8Array, start: number): Buffer => asBuffer(bytes.subarray(start, start + SEAL_DIGITS));

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function digestOf(bytes: Uint8Array, start: number): string {
  const hash = createHash('sha256').update(bytes.subarray(0, start)).update(ZEROS);
  return hash.update(bytes.subarray(start + SEAL_DIGITS)).digest('hex');
}
