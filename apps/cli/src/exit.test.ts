import { type ErrorCode, SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, explain, taskExitCodeOf } from './exit.ts';

const error = (code: ErrorCode, cause?: Error) => new SparseError(code, 'x', 'y', 'z', '', cause && { cause });

describe('exitCodeOf', () => {
  it.each([
    ['INVALID_CONFIG', 2],
    ['INVALID_SPEC', 2],
    ['INVALID_ARGUMENT', 2],
    ['MISSING_FILE', 1],
    ['BAD_FILE', 1],
    ['ALREADY_EXISTS', 1],
    ['NON_FINITE', 1],
    ['DISK_FULL', 74],
  ] as const)('%s is %d', (code, exit) => {
    expect(exitCodeOf(error(code))).toBe(exit);
  });

  it('what the system refused is no wrong use', () => {
    expect(exitCodeOf(error('INVALID_ARGUMENT', new Error('EADDRINUSE')))).toBe(1);
  });

  it('an error of ours is a failure', () => {
    expect(exitCodeOf(new TypeError('x is not a function'))).toBe(1);
    expect(exitCodeOf('thrown text')).toBe(1);
  });
});

describe('explain', () => {
  it('a fault of the user is one sentence', () => {
    expect(explain(error('BAD_FILE'))).toBe('error: x: expected y, received "z"');
  });

  it('an error of ours shows its stack', () => {
    expect(explain(new TypeError('oops'))).toMatch(/^internal error: TypeError: oops\n {4}at /);
    expect(explain('thrown text')).toBe('internal error: thrown text');
  });

  it('a stop before there is anything to keep is 130 and no internal error', () => {
    const stop = new DOMException('stopped', 'AbortError');
    expect(exitCodeOf(stop)).toBe(130);
    expect(explain(stop)).toMatch(/nothing was written/);
  });
});

describe('taskExitCodeOf', () => {
  it.each([
    ['BAD_FILE', undefined, 42],
    ['INVALID_CONFIG', undefined, 42],
    ['NON_FINITE', undefined, 42],
    ['DISK_FULL', undefined, 74],
    ['DISK_FAILED', undefined, 74],
    ['BAD_FILE', 'ESTALE', 74],
    ['BAD_FILE', 'EISDIR', 42],
    ['ALREADY_EXISTS', undefined, 75],
  ] as const)('%s (%s) is %i', (code, cause, expected) => {
    expect(taskExitCodeOf(error(code, cause && Object.assign(new Error(cause), { code: cause })))).toBe(expected);
  });

  it('an error of ours comes again, a stop before training does not', () => {
    expect(taskExitCodeOf(new TypeError('oops'))).toBe(42);
    expect(taskExitCodeOf(new DOMException('stopped', 'AbortError'))).toBe(75);
  });
});
