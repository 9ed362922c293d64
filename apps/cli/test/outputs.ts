/** Outputs of members whose logits a test writes down. */
import { combine } from '@freetickets/ensemble';
import type { Outputs } from '../src/evaluation/members.ts';

/** @param memberLogits one array (samples, classes) per member */
export function outputsFrom(memberLogits: readonly (readonly number[])[], labels: readonly number[], classes: number): Outputs {
  const logits = memberLogits.map((own) => Float32Array.from(own));
  return { labels: Int32Array.from(labels), logits, prediction: combine(logits, classes) };
}
