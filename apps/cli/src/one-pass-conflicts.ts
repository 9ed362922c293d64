/** Choices that make no sense for, or without, members that share a network: each is told by the field that should give way. */
import { ONE_PASS } from '@freetickets/dst-trainer';
import type { Conflict } from './experiment-conflicts.ts';
import type { Experiment, FieldName } from './experiment-fields.ts';

export function onePassConflicts(e: Experiment): readonly Conflict[] {
  const rules: readonly (readonly [field: FieldName, readers: readonly string[]])[] = [
    ['base', ONE_PASS],
    ['dropoutRate', ['mc-dropout']],
    ['passes', ['mc-dropout']],
    ['batchRepetitions', ['mimo']],
    ['inputRepetition', ['mimo']],
    ['ownStages', ['treenet']],
  ];
  const found = rules.flatMap(([field, readers]): Conflict[] => {
    if (e[field] === undefined || readers.includes(e.method)) return [];
    const names = readers.length > 1 ? `the methods ${readers.join(', ')}` : `the method ${readers[0]}`;
    return [{ field, expected: `no value, because only ${names} would read it` }];
  });
  if (!ONE_PASS.some((kind) => kind === e.method)) return found;
  if (e.from !== undefined)
    found.push({ field: 'from', expected: `no ticket, because the members of the method ${e.method} share a network of another form` });
  if (e.method === 'mimo' && e.mixup !== undefined)
    found.push({ field: 'mixup', expected: 'no value, because the method mimo has a picture for each ticket and not one share for all' });
  return [...found, ...batchConflicts(e)];
}

function batchConflicts({ method, batchSize, tickets, batchRepetitions = 4 }: Experiment): Conflict[] {
  const [rows, why] =
    method === 'mimo'
      ? [batchRepetitions, `how often the method mimo has each picture in a batch (--batch-repetitions)`]
      : [method === 'batch-ensemble' ? tickets : 1, `the tickets, for each of which the method ${method} has a row`];
  return batchSize % rows === 0 ? [] : [{ field: 'batchSize', expected: `a multiple of ${rows}, ${why}` }];
}
