import { openUncertain } from '../uncertainty/open-uncertain.ts';
import type { WorkerSpec } from './messages.ts';
import type { Runner } from './runner.ts';

/** Opens what a worker process computes with. @throws SparseError MISSING_FILE, BAD_FILE, RUNTIME_UNAVAILABLE */
export function openRunner({ path, engine, threads }: WorkerSpec): Promise<Runner> {
  return openUncertain(path, { engine, threads });
}
