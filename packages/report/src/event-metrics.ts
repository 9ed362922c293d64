/** The numbers of an event under the names that every tracker shows them by. */
import type { Rewiring } from './report.ts';
import type { RunEvent } from './reporter.ts';

export interface Metric {
  /** Groups are divided by slashes. */
  readonly name: string;
  readonly value: number;
}

/** None of weights and of going back. A number that was not measured is left out. */
export function metricsOf(event: RunEvent): Metric[] {
  if (event.type === 'ticket') return [{ name: 'tickets', value: event.index + 1 }];
  if (event.type === 'rewired') return rewiringMetrics(event);
  if (event.type === 'weights' || event.type === 'back') return [];
  const { loss, validLoss, accuracy, validAccuracy, learningRate } = event;
  const named = {
    'loss/training': loss,
    'loss/validation': validLoss,
    'accuracy/training': accuracy,
    'accuracy/validation': validAccuracy,
    learning_rate: learningRate,
  };
  return Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

function rewiringMetrics({ fraction, exploration, layers }: Rewiring): Metric[] {
  const sum = (count: 'live' | 'changed') => layers.reduce((total, layer) => total + layer[count], 0);
  return [
    { name: 'rewiring/fraction', value: fraction },
    { name: 'rewiring/moved', value: sum('live') === 0 ? 0 : sum('changed') / sum('live') },
    { name: 'rewiring/exploration', value: exploration },
    ...layers.map(({ param, live, size }) => ({ name: `density/${param}`, value: live / size })),
  ];
}
