/** What the case files share: opening a session on a golden run, stepping through its batches, and declaring tests that may be skipped. */
import type { Engine, OpenOptions, Session, StepOptions, StepResult } from '@freetickets/sparse-core';
import { it } from 'vitest';
import type { Golden } from './golden.ts';

export type MakeEngine = () => Promise<Engine> | Engine;

/** Reason by group: an engine that cannot keep a promise says why, and the reason stands in the test's title. */
export type Skips = Readonly<Record<string, string>>;

/** A test of `group`, left out if the engine gave a reason. */
export function promise(skips: Skips, group: string, title: string, body: () => Promise<void>): void {
  const reason = skips[group];
  if (reason === undefined) it(title, body);
  else it.skip(`${title} [${reason}]`, body);
}

/** A training session on the golden run's first state, able to give dense gradients. */
export const openGolden = (engine: Engine, golden: Golden, over: Partial<OpenOptions> = {}): Promise<Session> =>
  engine.open(golden.network, golden.state, {
    batchSize: golden.batchSize,
    optimizer: golden.optimizer,
    ...(golden.loss && { loss: golden.loss }),
    signals: ['gradient'],
    threads: 2,
    ...over,
  });

/** Takes the golden run's steps `from` (default 0) up to but without `to`. */
export async function train(session: Session, golden: Golden, to: number, from = 0): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let step = from; step < to; step++) results.push(await session.trainStep(golden.batch(step), stepOptions(golden, step)));
  return results;
}

export const stepOptions = (golden: Golden, step: number): StepOptions => ({
  learningRate: golden.learningRates[step]!,
  ...(golden.dropoutSeed !== undefined && { dropoutSeed: golden.dropoutSeed + step }),
});
