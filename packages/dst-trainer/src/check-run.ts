/** Everything about a run that can be known to be wrong before its first step. */
import { type Engine, type Network, type Signal, type Source, SparseError } from '@freetickets/sparse-core';
import { checkPlan } from './plans/check-plan.ts';
import { check, checkWhole } from './plans/checks.ts';
import type { Plan } from './plans/plan.ts';
import { readsGradient } from './rewiring.ts';
import type { DropRule, GrowRule } from './rules/rule.ts';
import { checkStart } from './start-from.ts';
import type { TrainRun } from './train.ts';
import { checkResume } from './train-state.ts';

/**
 * @param trained the network that is trained, which members may share
 * @returns the signals that the plan's rules read from the engine
 */
export function checkRun(run: TrainRun, trained: Network, stepsPerEpoch: number): readonly Signal[] {
  const { plan, data, engine, network, seed, resume, checkpointEvery } = run;
  checkPlan(plan);
  check(Number.isSafeInteger(seed), 'seed', 'a whole number', seed);
  const hint = 'It counts epochs by their validation accuracy';
  check(plan.patience === undefined || data.valid !== undefined, 'plan.patience', 'none without validation data', plan.patience, hint);
  if (checkpointEvery !== undefined) checkWhole(checkpointEvery, 'checkpointEvery');
  checkSource(data.train, network, 'data.train');
  if (data.valid) checkSource(data.valid, network, 'data.valid');
  if (run.from) checkStart(run.from, trained, plan);
  checkEngine(plan, engine);
  if (resume) checkResume(resume, { ...run, network: trained }, stepsPerEpoch);
  return checkSignals(run);
}

/** @throws SparseError ENGINE_LACKS_SIGNAL when the engine cannot do what the plan's profile says */
export function checkEngine({ profile }: Plan, engine: Engine): void {
  if (profile?.deadMomentum !== 'gathers' || engine.deadMomentum) return;
  const expected = `momentum of dead weights, which the profile ${profile.name} gathers`;
  const hint = 'Choose an engine that computes densely, such as tfjs, or the profile ref';
  throw new SparseError('ENGINE_LACKS_SIGNAL', `engine ${engine.name}`, expected, 'none', hint);
}

/** The only signal that rules get from engines is the dense gradient; momentum and what has lived the trainer makes of it. */
function checkSignals({ plan, engine }: TrainRun): readonly Signal[] {
  const readers = plan.phases.flatMap(({ rewiring, pruning }) => readersIn(rewiring === 'frozen' ? pruning : rewiring));
  const [first] = readers;
  if (first === undefined) return [];
  if (engine.signals.has('gradient')) return ['gradient'];
  const expected = `the signal gradient, which the rule ${first} of the plan reads`;
  const hint = 'Choose another engine, or rules that read no gradient, such as the drop rule magnitude and the growth rule random';
  throw new SparseError('ENGINE_LACKS_SIGNAL', `engine ${engine.name}`, expected, [...engine.signals], hint);
}

function readersIn(rules: { readonly drop: DropRule; readonly grow?: GrowRule } | undefined): string[] {
  if (!rules) return [];
  const { drop, grow } = rules;
  return [drop, ...(grow ? [grow] : [])].filter((rule) => readsGradient(rule.needs)).map(({ kind }) => kind);
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
