/** The epochs that a run has been through, as its log tells them, for whoever looks at a run without training it. */
import { readFile } from 'node:fs/promises';
import { epochOfRun } from './training.ts';

export const METRICS = ['validAccuracy', 'validLoss', 'accuracy', 'loss'] as const;
/** Of an epoch: on the validation part, or on the training pictures as they came. */
export type Metric = (typeof METRICS)[number];

export type RunEpoch = Readonly<Partial<Record<Metric, number>>> & {
  readonly member: number;
  /** Counted from 1 over the whole run. */
  readonly epochOfRun: number;
  /** Of the member. */
  readonly step: number;
  /** Training time of the member until then. */
  readonly seconds: number;
};

/** Epochs in order; a line that is not whole, of a process that was killed, tells nothing. None where there is no log. */
export async function epochsIn(logPath: string): Promise<RunEpoch[]> {
  const text = await readFile(logPath, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"type":"epoch"')) return [];
    try {
      const event = JSON.parse(line) as RunEpoch & { readonly epoch: number; readonly of: number };
      return [{ ...event, epochOfRun: epochOfRun(event) }];
    } catch {
      return [];
    }
  });
}

/** What a metric was after an epoch of the run: that of each member begun by then, at its last epoch by then, and the mean over them. */
export function metricAfter(epochs: readonly RunEpoch[], metric: Metric, epoch = Number.POSITIVE_INFINITY): number | undefined {
  const latest = new Map<number, number>();
  for (const entry of epochs) {
    const value = entry[metric];
    if (entry.epochOfRun <= epoch && value !== undefined) latest.set(entry.member, value);
  }
  return latest.size === 0 ? undefined : [...latest.values()].reduce((sum, value) => sum + value, 0) / latest.size;
}

/** Training time of all members. */
export function secondsOf(epochs: readonly RunEpoch[]): number {
  const latest = new Map(epochs.map(({ member, seconds }) => [member, seconds]));
  return [...latest.values()].reduce((sum, seconds) => sum + seconds, 0);
}
