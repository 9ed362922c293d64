import { SparseError } from '@freetickets/sparse-core';
import type { Parameters } from '../protocol/raw-tensor.ts';
import { CONFORMAL_METHODS } from './calibration.ts';

type Kind = readonly [expected: string, holds: (value: unknown) => boolean];
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;

/** See wishes.ts for what they mean. */
const KINDS: Readonly<Record<string, Kind>> = {
  uncertainty: ['true or false', isBoolean],
  members: ['true, false or a whole number of members', (value) => isBoolean(value) || isWhole(value)],
  alpha: ['a number between 0 and 1, both excluded', (value) => typeof value === 'number' && value > 0 && value < 1],
  conformal: [`one of ${CONFORMAL_METHODS.join(', ')}`, (value) => (CONFORMAL_METHODS as readonly unknown[]).includes(value)],
  ood_threshold: ['a finite number', (value) => typeof value === 'number' && Number.isFinite(value)],
  anytime: ['true or false', isBoolean],
  deadline_us: ['a whole number of microseconds', isWhole],
};

/** Names of the parameters that uncertainty knows. */
export const PARAMETER_NAMES: readonly string[] = Object.keys(KINDS);

/** @throws SparseError INVALID_ARGUMENT for a value of the wrong kind, before anybody waits for a model */
export function checkParameters(parameters: Parameters): void {
  for (const [name, [expected, holds]] of Object.entries(KINDS))
    if (parameters[name] !== undefined && !holds(parameters[name]))
      throw new SparseError('INVALID_ARGUMENT', `parameters.${name}`, expected, parameters[name]);
}
