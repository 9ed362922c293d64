/** On which pictures temperatures and conformal thresholds are fitted; never on those that are reported on. */
import { rng, SparseError } from '@freetickets/sparse-core';
import type { HeldOut, Split } from './document.ts';
import { type Outputs, takeOutputs } from './members.ts';

export interface FitAndReport {
  readonly fit: Outputs;
  readonly report: Outputs;
  readonly heldOut: HeldOut;
}

/**
 * A share of the pictures themselves, drawn without replacement: neighbours in a file may be alike (the first half of MNIST's test pictures
 * is easier than the second).
 *
 * @throws SparseError INVALID_CONFIG when either part would be empty
 */
export function holdOut(outputs: Outputs, split: Split, fraction: number, seed: number): FitAndReport {
  const size = outputs.labels.length;
  const count = Math.round(size * fraction);
  if (count === 0 || count === size) {
    const parts = new Error(`${count} and ${size - count} of ${size}`);
    throw new SparseError('INVALID_CONFIG', '--held-out', 'a share that leaves pictures to fit on and pictures to report on', parts);
  }
  const held = rng(seed).stream('held-out').sample(size, count).sort();
  const isHeld = new Uint8Array(size);
  for (const row of held) isHeld[row] = 1;
  const rest = Uint32Array.from({ length: size }, (_, row) => row).filter((row) => isHeld[row] === 0);
  return {
    fit: takeOutputs(outputs, held),
    report: takeOutputs(outputs, rest),
    heldOut: { split, fraction, fitted: count, reported: rest.length },
  };
}

/** All of another part of the data. */
export const fitOn = (other: Outputs, split: Split, report: Outputs): FitAndReport => ({
  fit: other,
  report,
  heldOut: { split, fraction: null, fitted: other.labels.length, reported: report.labels.length },
});
