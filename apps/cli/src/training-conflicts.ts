/** Choices of optimiser, schedule, data and stopping that make no sense beside one another: each is told by the field that should give way. */
import type { Conflict } from './experiment-conflicts.ts';
import type { Experiment, FieldName } from './experiment-fields.ts';

export function trainingConflicts(e: Experiment): readonly Conflict[] {
  return [...unreadValues(e), ...scheduleConflicts(e), ...dataConflicts(e), ...shardConflicts(e)];
}

/** `ref-dense` differs from `ref` by momentum only. */
export const followsRef = (profile: Experiment['profile']): boolean => profile?.startsWith('ref') ?? false;

function unreadValues({ optimizer = 'sgd', average, ...e }: Experiment): Conflict[] {
  const rules: readonly (readonly [field: FieldName, isRead: boolean, reader: string])[] = [
    ['momentum', optimizer === 'sgd', 'the optimizer sgd'],
    ['nesterov', optimizer === 'sgd', 'the optimizer sgd'],
    ['beta1', optimizer === 'adamw', 'the optimizer adamw'],
    ['beta2', optimizer === 'adamw', 'the optimizer adamw'],
    ['averageFrom', average !== undefined, 'an average (ema or swa)'],
  ];
  const values: Partial<Record<FieldName, unknown>> = e;
  const found: Conflict[] = rules.flatMap(([field, isRead, reader]) =>
    values[field] === undefined || isRead ? [] : [{ field, expected: `no value, because only ${reader} would read it` }],
  );
  if (e.nesterov && e.momentum === 0)
    found.push({ field: 'nesterov', expected: 'false beside a momentum of 0, along which it looks ahead' });
  return found;
}

/** Methods whose tickets hang on a schedule that they make themselves. */
const OWN_SCHEDULE: readonly Experiment['method'][] = ['snapshot', 'fge', 'pf'];

const CYCLES: readonly Experiment['method'][] = ['snapshot', 'fge'];

function scheduleConflicts({ method, learningRate, profile, patience }: Experiment): Conflict[] {
  const found: Conflict[] = [];
  if (typeof learningRate === 'object' && OWN_SCHEDULE.includes(method))
    found.push({ field: 'learningRate', expected: `a number, because the method ${method} has a schedule of its own` });
  if (patience !== undefined && CYCLES.includes(method))
    found.push({ field: 'patience', expected: `no value, because the method ${method} takes its tickets where a cycle of the rate ends` });
  if (patience !== undefined && followsRef(profile))
    found.push({
      field: 'patience',
      expected: 'no value, because the profile ref escapes by a gradient of the last planned step of a phase',
    });
  return found;
}

/** Their pictures are 28 x 28 and grey. */
const SMALL_AND_GREY: readonly Experiment['dataset'][] = ['mnist', 'fashion-mnist'];

function dataConflicts({ method, dataset, augmentation, mixup, batchSize }: Experiment): Conflict[] {
  const found: Conflict[] = [];
  if (augmentation === 'imagenet' && SMALL_AND_GREY.includes(dataset)) {
    const expected = `another augmentation, because 8 % of a grey 28x28 picture of ${dataset}, which imagenet may leave of it, shows nothing`;
    found.push({ field: 'augmentation', expected });
  }
  if (mixup !== undefined && method === 'mimo')
    found.push({ field: 'mixup', expected: 'no value, because every row of the method mimo holds pictures of several labels already' });
  if (mixup !== undefined && batchSize < 2)
    found.push({ field: 'mixup', expected: 'no value, because a batch of 1 has no second picture to mix with' });
  return found;
}

function shardConflicts({ shards, processes, batchSize, engine }: Experiment): Conflict[] {
  const found: Conflict[] = [];
  if (processes > (shards ?? 1))
    found.push({
      field: 'processes',
      expected: `at most ${shards ?? 1}, the parts of a batch (--shards), of which each process takes some`,
    });
  if (shards !== undefined && shards > batchSize) found.push({ field: 'shards', expected: `at most ${batchSize}, the samples of a batch` });
  if (shards !== undefined && engine.startsWith('tfjs'))
    found.push({ field: 'shards', expected: `no value, because the engine ${engine} computes a batch as a whole` });
  return found;
}
