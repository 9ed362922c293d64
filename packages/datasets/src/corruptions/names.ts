/** Which corruption at which severity. */
import { type CorruptionName, corruptionNames, nearest, SparseError } from '@freetickets/sparse-core';

export const severities = [1, 2, 3, 4, 5] as const;
export type Severity = (typeof severities)[number];

/** Which of the 19 x 5 cells. Plain words and numbers, because they come from command lines too. */
export interface Cell {
  readonly corruption: string;
  readonly severity: number;
}

/** @throws SparseError INVALID_ARGUMENT for a corruption that does not exist or a severity that is not 1, 2, 3, 4 or 5 */
export function checkCell({ corruption, severity }: Cell): { readonly corruption: CorruptionName; readonly severity: Severity } {
  const name = corruptionNames.find((known) => known === corruption);
  if (name === undefined) {
    const near = nearest(String(corruption), corruptionNames);
    throw new SparseError(
      'INVALID_ARGUMENT',
      'corruption',
      `one of ${corruptionNames.join(', ')}`,
      corruption,
      near && `Did you mean ${near}?`,
    );
  }
  const level = severities.find((known) => known === severity);
  if (level === undefined) throw new SparseError('INVALID_ARGUMENT', 'severity', 'a whole number from 1 to 5', severity);
  return { corruption: name, severity: level };
}
