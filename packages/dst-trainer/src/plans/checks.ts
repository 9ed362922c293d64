/** The checks that plans share, each with its sentence. */
import { SparseError } from '@freetickets/sparse-core';

export function checkWhole(value: number, at: string): void {
  check(Number.isSafeInteger(value) && value >= 1, at, 'a whole number of at least 1', value);
}

export function check(fine: boolean, at: string, expected: string, received: unknown, hint?: string): void {
  if (!fine) throw new SparseError('INVALID_ARGUMENT', at, expected, received, hint);
}
