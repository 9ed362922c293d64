// Triton's log settings on a logger that has levels: the lines of a level are written when its setting is on, or one for a lower level.
// The format is always JSON with ISO 8601 times, and logs go to stderr: these two settings can be read, not changed.

import { nearest, SparseError } from '@freetickets/sparse-core';
import type { LogSettings } from '../service.ts';
import type { Logger } from './logger.ts';

const kinds = {
  log_file: 'string',
  log_info: 'boolean',
  log_warning: 'boolean',
  log_error: 'boolean',
  log_verbose_level: 'number',
  log_format: 'string',
} as const;
type Name = keyof typeof kinds;

const fixed = { log_file: '', log_format: 'ISO8601' } as const;

/** The settings, and the logger's level with them. */
export class LogLevels {
  readonly #logger: Logger;
  #settings: Record<Name, string | number | boolean>;

  constructor(logger: Logger) {
    const { level } = logger;
    const from = (...levels: string[]) => levels.includes(level);
    this.#logger = logger;
    this.#settings = {
      ...fixed,
      log_info: from('trace', 'debug', 'info'),
      log_warning: from('trace', 'debug', 'info', 'warn'),
      log_error: !from('silent'),
      log_verbose_level: ['debug', 'trace'].indexOf(level) + 1,
    };
  }

  get settings(): LogSettings {
    return this.#settings;
  }

  /** @throws SparseError INVALID_ARGUMENT for a setting that is unknown, of the wrong kind, or fixed */
  update(changes: LogSettings): LogSettings {
    for (const [name, value] of Object.entries(changes)) check(name, value);
    this.#settings = { ...this.#settings, ...changes };
    const { log_verbose_level: verbose, log_info, log_warning, log_error } = this.#settings;
    const level =
      Number(verbose) > 1 ? 'trace' : verbose ? 'debug' : log_info ? 'info' : log_warning ? 'warn' : log_error ? 'error' : 'silent';
    this.#logger.level = level;
    return this.#settings;
  }
}

function check(name: string, value: unknown): void {
  if (!Object.hasOwn(kinds, name)) {
    const close = nearest(name, Object.keys(kinds));
    throw new SparseError('INVALID_ARGUMENT', name, 'a log setting', name, close ? `Did you mean ${close}?` : '');
  }
  const kind = kinds[name as Name];
  const fits = typeof value === kind && (kind !== 'number' || (Number.isSafeInteger(value) && (value as number) >= 0));
  if (!fits) throw new SparseError('INVALID_ARGUMENT', name, kind === 'number' ? 'a whole number from 0' : `a ${kind}`, value);
  const only = Object.hasOwn(fixed, name) ? fixed[name as keyof typeof fixed] : value;
  if (value !== only) throw new SparseError('INVALID_ARGUMENT', name, `${JSON.stringify(only)}, which cannot be changed here`, value);
}
