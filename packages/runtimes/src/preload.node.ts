/**
 * Loads shared libraries before the one that needs them. What the loader has loaded already it finds by name, wherever it lies; so nobody has
 * to set LD_LIBRARY_PATH before the process starts, and no library file is rewritten.
 */
import { constants } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';

/** dlfcn.h of glibc: stay loaded, although Node closes what turns out to be no addon. */
const RTLD_NODELETE = 0x1000;
export const PRELOAD_FLAGS = constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE;

/** @throws SparseError RUNTIME_UNAVAILABLE with the loader's words */
export function preload(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      process.dlopen({ exports: {} }, path, PRELOAD_FLAGS);
    } catch (error) {
      const { message } = error as Error;
      if (/did not self-register/.test(message)) continue; // loaded; that it is no addon was to be expected
      throw new SparseError('RUNTIME_UNAVAILABLE', path, 'a library that loads', new Error(message), '', { cause: error });
    }
  }
}
