/**
 * The trackers themselves, from PyPI: a Python with requirements.txt, named by TRACKERS_PYTHON; .ci/run makes one.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const python = process.env.TRACKERS_PYTHON;
export const titled = (name: string): string => (python ? name : `${name} (skipped: TRACKERS_PYTHON names no Python that has it)`);

export interface EventRun {
  /** Step, value, seconds since 1970. */
  readonly scalars: Readonly<Record<string, readonly (readonly [number, number, number])[]>>;
  /** Step, count, least, largest, sum, sum over the buckets. */
  readonly histograms: Readonly<Record<string, readonly (readonly [number, number, number, number, number, number])[]>>;
  /** Step, height, width, PNG in base64. */
  readonly images: Readonly<Record<string, readonly (readonly [number, number, number, string])[]>>;
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly hparams: {
    readonly group: string;
    readonly start: number;
    readonly values: Readonly<Record<string, unknown>>;
    readonly status: number | null;
  } | null;
}

/** By folder below `folder`, as TensorBoard's reader finds them. */
export async function readEvents(folder: string): Promise<Record<string, EventRun>> {
  const script = fileURLToPath(new URL('read_events.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python!, [script, folder], { maxBuffer: 1e8 });
  return JSON.parse(stdout) as Record<string, EventRun>;
}
