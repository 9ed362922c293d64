/** What a ticket file says about itself besides its weights. All of it is optional and none of it changes a prediction. */
import { isRecord } from './is-record.ts';
import type { Network } from './network.ts';

export interface TicketInfo {
  /** Class names in label order. */
  readonly classes?: readonly string[];
  /** What was done to the images: `(value - mean) / std`, one number per channel (or one for all), on a scale of 0 to 1. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** For example `{ accuracy: 0.953 }`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Where it came from: seed, plan, data set, program version. */
  readonly provenance?: Readonly<Record<string, string | number>>;
}

export interface InfoFault {
  readonly field: string;
  readonly expected: string;
  readonly received: unknown;
}

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((item) => Number.isFinite(item));

/** The first fault of `info`, whether it comes from a caller or from a file. Unknown fields are left to newer versions. */
export function infoFault(info: unknown, net: Network): InfoFault | undefined {
  if (!isRecord(info)) return { field: 'info', expected: 'an object', received: info };
  const { classes, normalization, metrics, provenance } = info;
  if (
    classes !== undefined &&
    !(Array.isArray(classes) && classes.length === net.classes && classes.every((name) => typeof name === 'string'))
  )
    return { field: 'classes', expected: `${net.classes} names`, received: classes };
  if (normalization !== undefined) {
    const { mean, std } = isRecord(normalization) ? normalization : {};
    if (!isNumbers(mean) || mean.length === 0) return { field: 'normalization.mean', expected: 'a list of numbers', received: mean };
    if (!isNumbers(std) || std.length !== mean.length || std.some((value) => value <= 0))
      return { field: 'normalization.std', expected: `${mean.length} numbers above 0, as many as means`, received: std };
  }
  return (
    recordFault('metrics', metrics, 'a finite number', Number.isFinite) ??
    recordFault('provenance', provenance, 'a text or a finite number', isFact)
  );
}

const isFact = (value: unknown): boolean => typeof value === 'string' || Number.isFinite(value);

function recordFault(field: string, record: unknown, expected: string, fits: (value: unknown) => boolean): InfoFault | undefined {
  if (record === undefined) return undefined;
  if (!isRecord(record)) return { field, expected: 'an object', received: record };
  const wrong = Object.entries(record).find(([, value]) => !fits(value));
  return wrong && { field: `${field}.${wrong[0]}`, expected, received: wrong[1] };
}
