/** Choices of topology and rewiring that are fine alone and make no sense together: each is told by the field that should give way. */
import type { Experiment, FieldName } from './experiment-fields.ts';
import { onePassConflicts } from './one-pass-conflicts.ts';
import { PRUNED_AT_ONCE, readStructure, trainedAs } from './plans.ts';
import { followsRef, trainingConflicts } from './training-conflicts.ts';

export interface Conflict {
  readonly field: FieldName;
  readonly expected: string;
}

export function conflictsOf(e: Experiment): readonly Conflict[] {
  return [
    ...uselessValues(e),
    ...methodConflicts(e),
    ...structureConflicts(e),
    ...profileConflicts(e),
    ...startConflicts(e),
    ...onePassConflicts(e),
    ...trainingConflicts(e),
  ];
}

const MEASURED = ['snip', 'grasp', 'global-magnitude'];

/** Values of fields that nothing would read. */
function uselessValues(e: Experiment): Conflict[] {
  const rules: readonly (readonly [field: FieldName, isRead: boolean, reader: string])[] = [
    ['erkPower', e.distribution === 'erk', 'the distribution erk'],
    ['classifierDensity', e.distribution === 'erk-plus', 'the distribution erk-plus'],
    ['ablation', e.structure === 'srigl', 'the structure srigl'],
    ['dropThreshold', e.drop === 'threshold', 'the drop rule threshold'],
    ['growthMix', e.growth === 'mix', 'the growth rule mix'],
    ['pruneEpochs', e.method === 'gmp', 'the method gmp'],
    ['fineTuneEpochs', e.method === 'pf', 'the method pf'],
    ['fineTuneRate', e.method === 'pf', 'the method pf'],
    ['rewindEpoch', e.method === 'ltr', 'the method ltr'],
    ['roundShare', e.method === 'ltr', 'the method ltr'],
    ['cycleEpochs', e.method === 'fge', 'the method fge'],
    ['deathRate', rewires(e), 'the methods edst and dst'],
  ];
  return rules.flatMap(([field, isRead, reader]) =>
    e[field] === undefined || isRead ? [] : [{ field, expected: `no value, because only ${reader} would read it` }],
  );
}

function methodConflicts(e: Experiment): Conflict[] {
  const { method, redistribution = 'none', structure } = e;
  const found: Conflict[] = [];
  if (!rewires(e) && redistribution !== 'none')
    found.push({ field: 'redistribution', expected: `none, because the method ${method} grows nothing` });
  if (STAYS_DENSE.includes(trainedAs(e)) && structure !== undefined)
    found.push({ field: 'structure', expected: `no value, because the method ${method} has no dead weight` });
  const epochs = Math.ceil(e.exploreEpochs + e.refineEpochs);
  if (method === 'snapshot' && e.tickets > epochs)
    found.push({ field: 'tickets', expected: `at most ${epochs}, because each cycle of the method snapshot takes an epoch of a run` });
  return [...found, ...(PRUNES.includes(method) ? pruningConflicts(e, epochs) : [])];
}

const rewires = (e: Experiment): boolean => trainedAs(e) === 'edst' || trainedAs(e) === 'dst';
const STAYS_DENSE: readonly Experiment['method'][] = ['dense', 'snapshot', 'fge'];
const PRUNES: readonly Experiment['method'][] = ['gmp', ...PRUNED_AT_ONCE];

/** @param epochs of a run */
function pruningConflicts(e: Experiment, epochs: number): Conflict[] {
  const { method, structure, profile = 'clean', distribution, drop } = e;
  const found: Conflict[] = [];
  const dense = `because the method ${method} starts dense and prunes`;
  if (structure !== undefined) found.push({ field: 'structure', expected: `no value, ${dense}` });
  if (profile !== 'clean') found.push({ field: 'profile', expected: `clean, ${dense}` });
  if (MEASURED.includes(distribution)) found.push({ field: 'distribution', expected: `one that needs no measuring, ${dense}` });
  if (drop === 'threshold') found.push({ field: 'drop', expected: `another rule, because the method ${method} sets how many weights go` });
  if (drop === 'taylor' && method !== 'gmp')
    found.push({ field: 'drop', expected: `a rule that reads no gradient, because the method ${method} prunes between two steps` });
  for (const field of ['pruneEpochs', 'rewindEpoch'] as const)
    if ((e[field] ?? 0) > epochs) found.push({ field, expected: `at most ${epochs}, the epochs of a run (explore and refine)` });
  return found;
}

function structureConflicts(e: Experiment): Conflict[] {
  if (e.structure === undefined || STAYS_DENSE.includes(trainedAs(e)) || PRUNES.includes(e.method)) return [];
  const found: Conflict[] = [];
  const because = `because the structure ${e.structure} sets how many weights live where`;
  if ((e.redistribution ?? 'none') !== 'none') found.push({ field: 'redistribution', expected: `none, ${because}` });
  if (e.growth === 'momentum-per-neuron') found.push({ field: 'growth', expected: `another rule, ${because}` });
  if (followsRef(e.profile)) found.push({ field: 'profile', expected: `clean, ${because}, and the profile ${e.profile} draws it by coin` });
  const structure = readStructure(e.structure);
  if (structure.kind !== 'n-of-m') return found;
  const { live, of } = structure;
  if (live >= of) found.push({ field: 'structure', expected: 'fewer live weights than there are in a run, as in 2:4' });
  else if (Math.abs(e.sparsity - (1 - live / of)) > 1e-9)
    found.push({ field: 'sparsity', expected: `${1 - live / of}, that of the structure ${e.structure}` });
  if (MEASURED.includes(e.distribution)) found.push({ field: 'distribution', expected: `one that needs no measuring, ${because}` });
  return found;
}

function profileConflicts({ profile, redistribution = 'none', growth, drop, optimizer }: Experiment): Conflict[] {
  if (!followsRef(profile)) return [];
  const found: Conflict[] = [];
  if (profile === 'ref-dense' && optimizer === 'adamw')
    found.push({ field: 'optimizer', expected: 'sgd, because the profile ref-dense gathers momentum of dead weights as sgd does' });
  if (redistribution !== 'none' && growth === 'random')
    found.push({ field: 'redistribution', expected: 'none, because random growth in the profile ref is by coin' });
  if (drop === 'taylor')
    found.push({ field: 'drop', expected: 'a rule that reads no gradient, because the profile ref drops in dense layers too' });
  return found;
}

function startConflicts({ from, structure, distribution }: Experiment): Conflict[] {
  if (from === undefined) return [];
  const found: Conflict[] = [];
  const because = 'because the ticket to start from has its live weights';
  if (structure !== undefined) found.push({ field: 'structure', expected: `no value, ${because}` });
  if (MEASURED.includes(distribution)) found.push({ field: 'distribution', expected: `one that needs no measuring, ${because}` });
  return found;
}
