/**
 * The place of a checksum inside a file, so that one rename commits both and other programs still read the file: a text of fixed length in its
 * metadata. `writeFileAtomic` fills it in with the SHA-256 of the whole file, these 64 digits taken as zeros; `readFileOrExplain` checks it.
 */
import { SparseError } from './errors.ts';

export const SEAL_MARK = 'freetickets-sha256:';
export const SEAL_DIGITS = 64;

/** A seal that is yet to be filled in. What is never written to disk, or written without Node, keeps it: nothing is promised then. */
export const BLANK_SEAL = `${SEAL_MARK}${'0'.repeat(SEAL_DIGITS)}`;

/**
 * That a file which must carry a seal does, so that damage to the seal itself is found, too.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE
 */
export function requireSeal({ seal }: Readonly<Record<string, string>>, at: string): void {
  if (!/^freetickets-sha256:[0-9a-f]{64}$/.test(seal ?? ''))
    throw new SparseError('BAD_FILE', `${at}: metadata.seal`, `${SEAL_MARK} and ${SEAL_DIGITS} digits`, seal, 'The file is damaged');
}
