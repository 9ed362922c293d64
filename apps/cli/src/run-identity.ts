/**
 * What decides the bytes of a run, flat and readable: its experiment, network, data, and the code that computes. Every checkpoint holds it, so that
 * a run which goes on as something else can say what is different.
 */
import { createHash } from 'node:crypto';
import type { Engine } from '@freetickets/sparse-core';
import { CIRCUMSTANCES, type Experiment, FIELD_NAMES, type FieldName } from './experiment-fields.ts';
import type { RunRecord } from './run-record.ts';
import { VERSION } from './version.ts';

export type RunIdentity = Readonly<Record<string, string>>;

/** @param dataHash of the data that is there now */
export function identityOf(experiment: Experiment, record: RunRecord, dataHash: string, engine: Pick<Engine, 'name'>): RunIdentity {
  // The network and the ticket that it starts from are known by what is in them, not by their names.
  const others: readonly FieldName[] = [...CIRCUMSTANCES, 'network', 'from'];
  const deciding = FIELD_NAMES.filter((name) => !others.includes(name) && experiment[name] !== undefined);
  return {
    ...Object.fromEntries(deciding.map((name) => [name, JSON.stringify(experiment[name])])),
    network: `${record.network.name} (sha256 ${createHash('sha256').update(JSON.stringify(record.network)).digest('hex')})`,
    ...(record.from !== undefined && { from: `sha256 ${record.from}` }),
    data: `sha256 ${dataHash}`,
    engine: engine.name,
    freetickets: VERSION,
  };
}

/** What a run was when its folder was made: what a member that has not begun yet is to be. */
export const preparedIdentity = (record: RunRecord): RunIdentity => ({
  ...identityOf(record.experiment, record, record.data.hash, { name: record.engine }),
  freetickets: record.freetickets,
});

/** A sentence for each thing that differs. */
export function differences(then: RunIdentity, now: RunIdentity): string[] {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return names
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name} was ${then[name] ?? 'not given'} and is ${now[name] ?? 'not given'}`);
}
