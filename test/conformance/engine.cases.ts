/**
 * What every engine must do, in one suite: agree with PyTorch on all golden runs, keep the promises of `Session`, refuse misuse.
 * A new engine adds one test file that calls this.
 */
import { describe, expect, it } from 'vitest';
import { goldenNames } from './golden.ts';
import { misuseCases } from './misuse.cases.ts';
import { rewireCases } from './rewire.cases.ts';
import { sessionCases } from './session.cases.ts';
import type { MakeEngine, Skips } from './sessions.ts';
import { trainingCases } from './training.cases.ts';

/** Networks that together have every kind of layer. */
const SESSION_NETWORKS = ['lenet-300-100', 'lenet5', 'wrn-10-1', 'vgg-units', 'dropout', 'member-scale', 'adamw-kinds'];

/** Names of golden runs. */
export interface Runs {
  readonly training: readonly string[];
  readonly sessions: readonly string[];
}

/**
 * @param name stands in the report, `native/avx2`
 * @param skips reason by group (predict, gradients, images, signal, training, bits, batches, no-update, guard, copies, two-sessions, rewire, misuse)
 * @param over which golden runs, where an engine is too slow for all of them
 */
export function engineCases(name: string, makeEngine: MakeEngine, skips: Skips = {}, over: Partial<Runs> = {}): void {
  const { training, sessions } = { training: goldenNames, sessions: SESSION_NETWORKS, ...over };
  describe(name, () => {
    it('has a name and offers the gradient as a signal', async () => {
      const engine = await makeEngine();
      expect(engine.name).not.toBe('');
      expect(engine.signals.has('gradient')).toBe(true);
    });
    for (const golden of training) trainingCases(golden, makeEngine, skips);
    for (const golden of sessions) sessionCases(golden, makeEngine, skips);
    rewireCases(makeEngine, skips);
    misuseCases(makeEngine, skips);
  });
}
