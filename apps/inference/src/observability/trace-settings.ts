// Triton's trace settings as the choice of what is traced. A request that brings a trace of its own is always part of it; of the others,
// while trace_level is TIMESTAMPS, every trace_rate-th starts one, until trace_count of them have. Where traces go is configured with the
// server (tracing.ts), never by a request: trace_file, log_frequency and trace_mode can be read, not changed.

import { nearest, SparseError } from '@freetickets/sparse-core';
import type { TraceSettings } from '../service.ts';

const defaults = {
  trace_level: ['OFF'],
  trace_rate: ['1000'],
  trace_count: ['-1'],
  log_frequency: ['0'],
  trace_file: [''],
  trace_mode: ['opentelemetry'],
} as const;
type Name = keyof typeof defaults;

/** Settings of the server and, where they differ, of models. */
export class TraceChoice {
  readonly #changes = new Map<string, Partial<Record<Name, readonly string[]>>>();
  /** Requests seen and traces started since the settings were last changed, by the scope whose settings count. */
  readonly #progress = new Map<string, { seen: number; started: number }>();

  settings(model = ''): TraceSettings {
    return { ...defaults, ...this.#changes.get(''), ...this.#changes.get(model) };
  }

  /**
   * Changes settings of the server, or of one model; an empty list takes a setting back.
   *
   * @throws SparseError INVALID_ARGUMENT for a setting that is unknown, fixed, or has no such value
   */
  update(changes: TraceSettings, model = ''): TraceSettings {
    for (const [name, values] of Object.entries(changes)) check(name, values);
    const all: Record<string, readonly string[]> = { ...this.#changes.get(model), ...changes };
    this.#changes.set(model, Object.fromEntries(Object.entries(all).filter(([, values]) => values.length > 0)));
    this.#progress.clear();
    return this.settings(model);
  }

  /** Whether a request that brings no trace starts one. */
  starts(model: string): boolean {
    const settings = this.settings(model) as Record<Name, readonly string[]>;
    if (settings.trace_level.includes('OFF')) return false;
    const scope = this.#changes.has(model) ? model : '';
    const progress = this.#progress.get(scope) ?? { seen: 0, started: 0 };
    this.#progress.set(scope, progress);
    const limit = Number(settings.trace_count[0]);
    if (progress.seen++ % Number(settings.trace_rate[0]) !== 0 || (limit >= 0 && progress.started >= limit)) return false;
    progress.started++;
    return true;
  }
}

function check(name: string, values: readonly string[]): void {
  if (!Object.hasOwn(defaults, name)) {
    const close = nearest(name, Object.keys(defaults));
    throw new SparseError('INVALID_ARGUMENT', name, 'a trace setting', name, close ? `Did you mean ${close}?` : '');
  }
  if (values.length === 0) return;
  const [value = ''] = values;
  const fault = (expected: string) => new SparseError('INVALID_ARGUMENT', name, expected, values);
  if (name === 'trace_level') {
    if (!values.every((level) => level === 'OFF' || level === 'TIMESTAMPS')) throw fault('OFF or TIMESTAMPS (tensors are never traced)');
  } else if (name === 'trace_rate' || name === 'trace_count') {
    const least = name === 'trace_rate' ? 1 : -1;
    if (values.length !== 1 || !/^-?\d{1,15}$/.test(value) || Number(value) < least) throw fault(`one whole number from ${least}`);
  } else if (values.length !== 1 || value !== defaults[name as Name][0]) {
    throw fault(`${JSON.stringify(defaults[name as Name][0])}, which cannot be changed here`);
  }
}
