import { openUncertain } from '../uncertainty/open-uncertain.ts';
import type { WorkerSpec } from './messages.ts';
import type { Runner } from './runner.ts';

/** Opens what a worker process computes with. @throws SparseError MISSING_FILE, BAD_FILE */
export async function openRunner({ path, engine, threads }: WorkerSpec): Promise<Runner> {
  return { ...(await openUncertain(path, { threads })), engine };
}
