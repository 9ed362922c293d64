// The numbers of a configuration that this server acts on, within bounds: config.pbtxt is checked by its schema when it is read, but a
// configuration may also come as JSON, and neither says what is too much.

import { SparseError } from '@freetickets/sparse-core';
import type { ModelConfig, QueuePolicy } from './model-config.ts';

/** @throws SparseError INVALID_CONFIG */
export function checkConfig(config: ModelConfig, at: string): void {
  const { max_batch_size: size, instance_group: groups, dynamic_batching: batching = {} } = config;
  const number = (key: string, value: unknown, most: number, least = 0) => {
    if (value === undefined || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)) return;
    throw new SparseError('INVALID_CONFIG', `${at}: ${key}`, `a whole number from ${least} to ${most}`, value);
  };
  number('max_batch_size', size, 2 ** 20);
  for (const { count } of list(groups, `${at}: instance_group`)) number('instance_group.count', count, 256, 1);
  for (const preferred of list(batching.preferred_batch_size, `${at}: preferred_batch_size`))
    number('preferred_batch_size', preferred, 2 ** 20, 1);
  number('max_queue_delay_microseconds', batching.max_queue_delay_microseconds, 3_600_000_000);
  number('priority_levels', batching.priority_levels, 100);
  number('default_priority_level', batching.default_priority_level, batching.priority_levels ?? 0);
  const policies: readonly (QueuePolicy | undefined)[] = [
    batching.default_queue_policy,
    ...Object.values(batching.priority_queue_policy ?? {}),
  ];
  for (const policy of policies) {
    number('default_timeout_microseconds', policy?.default_timeout_microseconds, 3_600_000_000);
    number('max_queue_size', policy?.max_queue_size, 2 ** 20);
  }
}

function list<T>(value: readonly T[] | undefined, at: string): readonly T[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  throw new SparseError('INVALID_CONFIG', at, 'a list', value);
}
