/** How far a run has come, as its log tells it. */
import { epochsIn, type Metric, metricAfter, secondsOf } from '../run-epochs.ts';
import type { Progress } from './progress.ts';

/** Of a run that is trained to its end. */
export async function finishedProgress(logPath: string, metric: Metric): Promise<Partial<Progress>> {
  const epochs = await epochsIn(logPath);
  return {
    status: 'finished',
    until: null,
    value: metricAfter(epochs, metric),
    epochs: epochs.at(-1)?.epochOfRun ?? 0,
    seconds: secondsOf(epochs),
  };
}
