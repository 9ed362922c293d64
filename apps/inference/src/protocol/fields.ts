// Reading JSON that strangers sent: each function names the place (a JSON pointer) and what it expected there.

import { SparseError } from '@freetickets/sparse-core';
import type { Parameters } from './raw-tensor.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Limits on what one request may hold; generous for any real use. */
export const limits = { tensors: 64, parameters: 64, rank: 8, elements: 2 ** 28, idLength: 256 };

/** A JSON object. Keys that reach into JavaScript's own objects are refused, whoever reads the fields later. */
export function fields(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SparseError('INVALID_ARGUMENT', at, 'an object', value);
  const trap = ['__proto__', 'constructor', 'prototype'].find((key) => Object.hasOwn(value, key));
  if (trap !== undefined) throw new SparseError('INVALID_ARGUMENT', at, `no key named ${trap}`, trap);
  return value as Fields;
}

export function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= limits.tensors) return value;
  throw new SparseError(
    'INVALID_ARGUMENT',
    at,
    `an array of at most ${limits.tensors} tensors`,
    Array.isArray(value) ? value.length : value,
  );
}

export function text(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw new SparseError('INVALID_ARGUMENT', at, 'a string', value);
}

export function flag(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new SparseError('INVALID_ARGUMENT', at, 'true or false', value);
}

/** Absent is none. */
export function parameters(value: unknown, at: string): Parameters {
  if (value === undefined) return {};
  const given = fields(value, at);
  const keys = Object.keys(given);
  if (keys.length > limits.parameters)
    throw new SparseError('INVALID_ARGUMENT', at, `at most ${limits.parameters} parameters`, keys.length);
  const odd = keys.find((key) => !['string', 'number', 'boolean'].includes(typeof given[key]));
  if (odd !== undefined) throw new SparseError('INVALID_ARGUMENT', `${at}/${odd}`, 'a string, a number, true or false', given[odd]);
  return given as Parameters;
}

/** @throws SparseError INVALID_ARGUMENT for anything but a short list of sizes whose product is within the limit */
export function shapeOf(value: unknown, at: string): readonly number[] {
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) >= 0;
  if (!Array.isArray(value) || value.length > limits.rank || !value.every(isSize))
    throw new SparseError('INVALID_ARGUMENT', at, `an array of at most ${limits.rank} whole numbers, none below 0`, value);
  // A product of safe integers may lose digits, but never so many that it comes out small; a zero among them hides none.
  if (value.reduce((product, size) => product * Math.max(1, size), 1) > limits.elements)
    throw new SparseError('INVALID_ARGUMENT', at, `at most ${limits.elements} elements`, value);
  return value;
}
