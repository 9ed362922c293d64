/** `run.json`: what a run is, written once when it starts. Whoever reads it checks it, for people edit files. */
import { type Network, type NetworkSpec, network, SparseError } from '@freetickets/sparse-core';
import { z } from 'zod';
import { resolveExperiment } from './experiment.ts';
import type { Experiment, Flags } from './experiment-fields.ts';
import { jsonIn } from './json-in.ts';

const count = z.int().min(0);

const RECORD = z.object({
  format: z.literal('freetickets.run'),
  version: z.literal(1),
  experiment: z.record(z.string(), z.unknown()),
  experimentHash: z.string(),
  network: z.unknown(),
  /** SHA-256 of the ticket that the run starts from. */
  from: z.string().optional(),
  data: z.object({ name: z.string(), hash: z.string(), classes: z.array(z.string()), train: count, valid: count, test: count }),
  engine: z.string(),
  freetickets: z.string(),
  node: z.string(),
});

export type RunRecord = Omit<z.output<typeof RECORD>, 'experiment' | 'network'> & {
  /** `data` is an absolute path. */
  readonly experiment: Experiment;
  readonly network: NetworkSpec;
};

export interface ReadRecord {
  readonly record: RunRecord;
  /** The record's, with what the caller laid over it. */
  readonly experiment: Experiment;
  readonly net: Network;
}

/**
 * @param flags laid over the record's experiment
 * @throws SparseError BAD_FILE naming the field, INVALID_CONFIG for the experiment
 */
export function readRecord(path: string, text: string, flags: Flags): ReadRecord {
  const parsed = RECORD.safeParse(jsonIn(path, text), { reportInput: true });
  if (!parsed.success) {
    const { path: keys, message, input } = parsed.error.issues[0]!;
    const expected = /expected ("?[\w.]+"?)/.exec(message)?.[1] ?? 'what freetickets train wrote';
    throw new SparseError('BAD_FILE', [path, keys.join('.')].filter(Boolean).join(': '), expected, input, 'It is not the record of a run');
  }
  const { experiment: values, network: spec, ...rest } = parsed.data;
  const net = readNetwork(path, spec);
  const experiment = resolveExperiment({}, { path, values });
  return { record: { ...rest, experiment, network: net.spec }, experiment: resolveExperiment(flags, { path, values }), net };
}

function readNetwork(path: string, spec: unknown): Network {
  try {
    return network(spec);
  } catch (cause) {
    throw new SparseError(
      'BAD_FILE',
      `${path}: network`,
      'a network spec',
      new Error(`one with a fault: ${(cause as Error).message}`),
      '',
      {
        cause,
      },
    );
  }
}
