/** Passes over a split that every evaluation makes, of a run's tickets or of an exported model. */
import type { MemorySource } from '@freetickets/datasets';
import { memberPrediction } from '@freetickets/metrics';
import type { Data } from '../data.ts';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import type { Evaluation, Split } from './document.ts';
import { type FitAndReport, fitOn, holdOut } from './held-out.ts';
import type { Bootstrap } from './intervals.ts';
import type { Members, Outputs } from './members.ts';
import type { EvaluateOptions } from './options.ts';
import { scoresOf } from './scores.ts';

/** Of every draw, unless `--seed` says otherwise. */
export const SEED = 17;

type Answering = Pick<Members, 'outputsOf'>;

/** The outputs for a source, with a progress bar. */
export async function told(members: Answering, source: MemorySource, label: string, talk: Talk): Promise<Outputs> {
  const bar = progressBar({ label, total: source.size }, talk);
  try {
    return await members.outputsOf(source, (done) => bar.update(done));
  } finally {
    bar.stop();
  }
}

/** Of the ensemble, and of each member alone. */
export async function allScores({ prediction, labels }: Outputs, bootstrap: Bootstrap): Promise<Pick<Evaluation, 'ensemble' | 'members'>> {
  const alone = Array.from({ length: prediction.members }, (_, member) => memberPrediction(prediction, member));
  const [ensemble, ...members] = await scoresOf([prediction, ...alone], labels, bootstrap);
  return { ensemble: ensemble!, members };
}

/** Two parts of the pictures: what is fitted on, and what is reported about. */
export async function partsFor(
  { heldOut, seed = SEED }: EvaluateOptions,
  members: Answering,
  outputs: Outputs,
  data: Data,
  split: Split,
  talk: Talk,
): Promise<FitAndReport> {
  if (heldOut !== undefined) return holdOut(outputs, split, heldOut, seed);
  return fitOn(await told(members, data.valid, 'valid', talk), 'valid', outputs);
}
