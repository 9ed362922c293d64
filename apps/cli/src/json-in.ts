import { parseJson, SparseError } from '@freetickets/sparse-core';

/**
 * The value that the text of one of our own files holds.
 * @throws SparseError BAD_FILE when it is no JSON
 */
export function jsonIn(path: string, text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new SparseError('BAD_FILE', path, 'JSON', new Error(`something else (${(error as Error).message})`));
  }
}
