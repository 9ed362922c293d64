/** Where a run comes from, as name and value for people, and what it was asked to do. */
import type { RunRecord } from './run-record.ts';

export function provenanceOf(record: RunRecord): [string, string][] {
  const { data } = record;
  return [
    ['Hash of the configuration', record.experimentHash],
    ['Data', `${data.name}: ${data.train} training, ${data.valid} validation, ${data.test} test pictures, ${data.classes.length} classes`],
    ['Hash of the data', data.hash],
    ['Engine', record.engine],
    ['Trained with', `freetickets ${record.freetickets}, node ${record.node}`],
  ];
}

/** The fields that have a value, flat: a schedule is its JSON. */
export function configurationOf({ experiment }: RunRecord): Record<string, string | number | boolean> {
  const flat = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
  return Object.fromEntries(
    Object.entries(experiment).flatMap(([field, value]) => (value === undefined ? [] : [[field, flat(value)] as const])),
  );
}
