/** From an error to what a shell and a person get to see of it. */
import { SparseError } from '@freetickets/sparse-core';

/**
 * 0 done, 1 failed, 2 a wrong option, experiment file or network spec, 42 a task that trying again will not help, 74 the disk is full or fails, 75 stopped on request and
 * can go on, 130 stopped without. 74 and 75 are EX_IOERR and EX_TEMPFAIL of sysexits.h.
 */
export const EXIT = { failed: 1, usage: 2, permanent: 42, io: 74, resume: 75, interrupted: 130 } as const;

const CODES: Partial<Record<SparseError['code'], number>> = {
  INVALID_CONFIG: EXIT.usage,
  INVALID_SPEC: EXIT.usage,
  DISK_FULL: EXIT.io,
  DISK_FAILED: EXIT.io,
};

/** Something that may pass, and is the fault of nobody's options. */
export const isOfDisk = (error: unknown): boolean =>
  error instanceof SparseError && (error.code === 'DISK_FULL' || error.code === 'DISK_FAILED');

/** Stopped on request before there was anything to keep. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

export function exitCodeOf(error: unknown): number {
  if (isAbort(error)) return EXIT.interrupted;
  if (!(error instanceof SparseError)) return EXIT.failed;
  // What a library calls an argument came from an option here. With a cause it was the system that refused it, such as a port in use.
  if (error.code === 'INVALID_ARGUMENT') return error.cause === undefined ? EXIT.usage : EXIT.failed;
  return CODES[error.code] ?? EXIT.failed;
}

/** What a file server or a busy machine may say now and not in a minute. */
const PASSING = ['EIO', 'ESTALE', 'ETIMEDOUT', 'ENOTCONN', 'EREMOTEIO', 'EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'ENOMEM'];

/**
 * What a scheduler is to make of it when a task failed: 42 leave it, 74 or 75 try again. 75 too where somebody else works on the same, for
 * they may not get to its end.
 */
export function taskExitCodeOf(error: unknown): number {
  if (isAbort(error)) return EXIT.resume;
  if (!(error instanceof SparseError)) return EXIT.permanent;
  if (error.code === 'ALREADY_EXISTS') return EXIT.resume;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return isOfDisk(error) || PASSING.includes(cause?.code ?? '') ? EXIT.io : EXIT.permanent;
}

/** A fault of the user or of a file is one sentence; anything else is ours and shows its stack. */
export function explain(error: unknown): string {
  if (isAbort(error)) return 'stopped before training began; nothing was written';
  if (error instanceof SparseError) return `error: ${error.message}`;
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
