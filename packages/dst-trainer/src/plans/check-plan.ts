/** What can be wrong with a plan as a whole; plans built by hand pass here too, before their first step. */
import { type Schedule, valueAt } from '@freetickets/sparse-core';
import { CLEAN, type Profile } from '../profile.ts';
import type { Pruning } from '../rewiring.ts';
import { checkStructure, type Structure, structureName } from '../structure.ts';
import { checkOnePass } from './check-one-pass.ts';
import { checkOpenings } from './check-openings.ts';
import { check, checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';

/** @throws SparseError INVALID_ARGUMENT naming the field, and what it does not go with */
export function checkPlan(plan: Plan): void {
  check(plan.sparsity >= 0 && plan.sparsity < 1, 'plan.sparsity', 'a number from 0 to below 1', plan.sparsity);
  checkWhole(plan.batchSize, 'plan.batchSize');
  checkCourse(plan);
  check(plan.phases.length > 0, 'plan.phases', 'at least one phase', plan.phases);
  for (const [i, phase] of plan.phases.entries()) {
    checkPhase(phase, `plan.phases[${i}]`);
    if (phase.pruning) checkPruning(plan, phase, phase.pruning, `plan.phases[${i}]`);
  }
  checkOpenings(plan);
  checkOnePass(plan);
  if (plan.structure) checkStructured(plan, plan.structure);
  if (plan.profile) checkProfile(plan, plan.profile);
}

/** What goes on besides the phases. */
function checkCourse({ warmupEpochs = 0, averaging, patience, profile, guard }: Plan): void {
  const norm = guard?.maxGradientNorm ?? 1;
  check(norm > 0, 'plan.guard.maxGradientNorm', 'a number above 0', norm);
  check(warmupEpochs >= 0 && Number.isFinite(warmupEpochs), 'plan.warmupEpochs', 'a finite number of at least 0', warmupEpochs);
  if (averaging?.kind === 'ema')
    check(averaging.decay > 0 && averaging.decay < 1, 'plan.averaging.decay', 'a number between 0 and 1', averaging.decay);
  const from = averaging?.from ?? 0;
  check(from >= 0 && from < 1, 'plan.averaging.from', 'a share from 0 to below 1', from);
  if (patience === undefined) return;
  checkWhole(patience, 'plan.patience');
  const hint = 'Its escapes read a gradient of the last planned step of a phase';
  check(profile?.escape !== 'phase-end', 'plan.patience', `none in the profile ${profile?.name}`, patience, hint);
}

function checkPhase({ epochs, escape: share, learningRate, rewiring, opening, ticket }: Phase, at: string): void {
  if (epochs !== 0 || !opening || !ticket) checkWhole(epochs, `${at}.epochs`);
  checkValues(learningRate, `${at}.learningRate`, 'finite numbers of at least 0', (rate) => rate >= 0 && Number.isFinite(rate));
  if (rewiring !== 'frozen') {
    checkWhole(rewiring.every, `${at}.rewiring.every`);
    checkValues(rewiring.fraction, `${at}.rewiring.fraction`, 'shares from 0 to 1', (part) => part >= 0 && part <= 1);
  }
  if (share === undefined) return;
  check(share > 0 && share <= 1, `${at}.escape`, 'a share above 0 and at most 1', share);
  check(rewiring !== 'frozen', `${at}.escape`, 'none where rewiring is frozen', share, 'An escape uses the rules of its phase');
}

function checkPruning({ sparsity: target, profile, ratios }: Plan, { epochs, rewiring }: Phase, pruning: Pruning, at: string): void {
  const { every, sparsity, drop } = pruning;
  checkWhole(every, `${at}.pruning.every`);
  check(rewiring === 'frozen', `${at}.rewiring`, 'frozen where a phase prunes', 'rules', 'Pruned weights do not come back');
  check(profile === undefined || profile.name === 'clean', 'plan.profile', 'clean where a phase prunes', profile?.name);
  check(ratios === undefined, 'plan.ratios', 'none where a phase prunes', ratios, 'A pruned run starts dense');
  check(drop.count === undefined, `${at}.pruning.drop`, 'a rule that leaves the count to the schedule', drop.kind);
  checkValues(sparsity, `${at}.pruning.sparsity`, 'numbers from 0 to below 1', (share) => share >= 0 && share < 1);
  const last = valueAt(sparsity, sparsity.over);
  check(last === target, `${at}.pruning.sparsity`, `a schedule that ends at the plan's sparsity, ${target}`, last);
  check(valueAt(sparsity, 0) <= last, `${at}.pruning.sparsity`, 'a sparsity that rises', sparsity);
  check(sparsity.over <= epochs, `${at}.pruning.sparsity.over`, `an end within the ${epochs} epochs of the phase`, sparsity.over);
}

function checkStructured(plan: Plan, structure: Structure): void {
  checkStructure(structure, 'plan.structure');
  const name = structureName(structure);
  if (structure.kind === 'n-of-m') {
    const sparsity = 1 - structure.live / structure.of;
    check(Math.abs(plan.sparsity - sparsity) < 1e-9, 'plan.sparsity', `${sparsity}, that of the structure ${name}`, plan.sparsity);
    check(plan.ratios === undefined, 'plan.ratios', `none beside the structure ${name}, which sets every layer's count`, plan.ratios);
  }
  const profile = plan.profile ?? CLEAN;
  const exact = profile.initial === 'exact' && profile.ties === 'exact' && profile.randomGrowth === 'exact';
  check(exact, 'plan.profile', `exact counts, as the structure ${name} needs them`, profile.name, 'The profile clean has them');
  for (const [i, { rewiring, pruning }] of plan.phases.entries()) {
    const at = `plan.phases[${i}]`;
    check(!pruning, `${at}.pruning`, `none beside the structure ${name}, which has one live count`, pruning?.drop.kind);
    if (rewiring === 'frozen') continue;
    const { redistribute, grow } = rewiring;
    const hint = 'Both would decide how many weights live where';
    check(!redistribute, `${at}.rewiring.redistribute`, `none beside the structure ${name}`, redistribute?.kind, hint);
    const free = grow.kind !== 'momentum-per-neuron';
    check(free, `${at}.rewiring.grow`, `a rule that leaves the parts of the units to the structure ${name}`, grow.kind, hint);
  }
}

/** Dense layers have no gradient left at the end of a phase; counts that walk at random cannot also be shared out to a total. */
function checkProfile({ phases }: Plan, profile: Profile): void {
  for (const [i, { rewiring }] of phases.entries()) {
    if (rewiring === 'frozen') continue;
    const { redistribute, grow, drop } = rewiring;
    check(
      profile.denseLayers === 'left-alone' || !drop.needs.includes('gradient'),
      `plan.phases[${i}].rewiring.drop`,
      `a rule that reads no gradient in the profile ${profile.name}, which drops in dense layers too`,
      drop.kind,
    );
    check(
      profile.randomGrowth === 'exact' || redistribute === undefined || grow.kind !== 'random',
      `plan.phases[${i}].rewiring.redistribute`,
      `none beside random growth in the profile ${profile.name}, which grows by coin`,
      redistribute?.kind,
    );
  }
}

/** A schedule stays between the numbers it is made of. */
function checkValues(schedule: Schedule, at: string, expected: string, fits: (value: number) => boolean): void {
  const values = typeof schedule === 'number' ? [schedule] : valuesOf(schedule);
  check(values.length > 0 && values.every(fits), at, expected, schedule);
}

function valuesOf(schedule: Exclude<Schedule, number>): readonly number[] {
  if (schedule.kind === 'steps') return [schedule.start, ...schedule.changes.map(([, value]) => value)];
  if (schedule.kind === 'points') return schedule.points.map(([, value]) => value);
  return schedule.kind === 'exponential' ? [schedule.from] : [schedule.from, schedule.to];
}
