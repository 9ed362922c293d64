/** Everything about a run that can be known to be wrong before its first step. */
import { type Network, type Signal, type Source, SparseError } from '@freetickets/sparse-core';
import { check, checkPlan, checkWhole } from './plans/plan-options.ts';
import { needsOf } from './rewire-session.ts';
import type { TrainRun } from './train.ts';
import { checkResume } from './train-state.ts';

/** @returns the signals that the plan's rules read */
export function checkRun(run: TrainRun, stepsPerEpoch: number): readonly Signal[] {
  const { plan, data, network, seed, resume, checkpointEvery } = run;
  checkPlan(plan);
  check(Number.isSafeInteger(seed), 'seed', 'a whole number', seed);
  if (checkpointEvery !== undefined) checkWhole(checkpointEvery, 'checkpointEvery');
  checkSource(data.train, network, 'data.train');
  if (data.valid) checkSource(data.valid, network, 'data.valid');
  if (resume) checkResume(resume, run, stepsPerEpoch);
  return checkSignals(run);
}

function checkSignals({ plan, engine }: TrainRun): readonly Signal[] {
  const signals = [...new Set(plan.phases.flatMap(({ rewiring }) => (rewiring === 'frozen' ? [] : needsOf(rewiring))))];
  const missing = signals.find((signal) => !engine.signals.has(signal));
  if (missing === undefined) return signals;
  const expected = `the signal ${missing}, which the rules of the plan read`;
  const hint = 'Choose another engine, or a growth rule that reads no signal, such as random()';
  throw new SparseError('ENGINE_LACKS_SIGNAL', `engine ${engine.name}`, expected, [...engine.signals], hint);
}

function checkSource(source: Source, network: Network, at: string): void {
  check(source.size > 0, `${at}: size`, 'at least one sample', source.size);
  const wanted = network.shapes.get('input')!;
  // A network over (features) reads an image as the row-major list that it is.
  const fits = String(source.shape) === String(wanted) || (wanted.length === 1 && source.shape.reduce((a, b) => a * b, 1) === wanted[0]);
  const name = network.spec.name;
  if (!fits) throw new SparseError('SHAPE_MISMATCH', `${at}: shape`, `samples of shape (${wanted}), the input of ${name}`, source.shape);
  if (source.classes.length !== network.classes)
    throw new SparseError('SHAPE_MISMATCH', `${at}: classes`, `${network.classes}, the output of ${name}`, source.classes.length);
}
