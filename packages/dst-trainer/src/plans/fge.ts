import type { Schedule } from '@freetickets/sparse-core';
import { checkPlan } from './check-plan.ts';
import { check, checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { asDense, firstRate, type PlanOptions, planFields } from './plan-options.ts';
import type { SingleRunOptions } from './single-run.ts';

export interface FgeOptions extends Omit<PlanOptions, 'ticket'>, SingleRunOptions {
  /** Epochs from one lowest learning rate to the next; an even number. Default: what fits into the last fifth of the epochs, at least 2. */
  readonly cycleEpochs?: number | undefined;
}

/**
 * Fast geometric ensembling: one run of the dense network, which stops after four fifths of its epochs (learning rate constant for half of them,
 * then along a line to a hundredth at nine tenths) and goes on along a zigzag between a half and a tenth of the first rate. A ticket is
 * handed out each time the rate is lowest.
 *
 * The zigzag takes `(tickets - 1/2) * cycleEpochs` epochs, so the whole is no longer than one dense training wherever the last fifth of
 * that holds at least `2 * tickets - 1` epochs.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:1802.10026; published for WRN-28-10 with 160 of 200 epochs, then 40 in cycles of 2 between 0.05 and 0.01
 */
export function fge(options: FgeOptions): Plan {
  const { tickets, epochs } = options;
  checkWhole(tickets, 'fge: tickets');
  checkWhole(epochs, 'fge: epochs');
  const baseEpochs = Math.max(1, Math.round(0.8 * epochs));
  const { cycleEpochs = 2 * Math.max(1, Math.floor((epochs - baseEpochs) / (2 * tickets - 1))) } = options;
  check(cycleEpochs >= 2 && cycleEpochs % 2 === 0, 'fge: cycleEpochs', 'an even number of at least 2', cycleEpochs);
  const rate = firstRate('fge', options);
  const base: Schedule = {
    kind: 'points',
    points: [
      [0, rate],
      [0.5 * epochs, rate],
      [0.9 * epochs, rate / 100],
    ],
  };
  const phases: Phase[] = [{ name: 'train', epochs: baseEpochs, learningRate: base, rewiring: 'frozen' }];
  for (let j = 0; j < tickets; j++) phases.push(descent(j, cycleEpochs / 2, rate));
  const plan = { ...planFields('fge', asDense(options)), denseEpochs: epochs, phases };
  checkPlan(plan);
  return plan;
}

/** To the lowest rate: the first time from the top of the zigzag, later from the lowest rate up and down again. */
function descent(index: number, half: number, rate: number): Phase {
  const [high, low] = [rate / 2, rate / 10];
  const learningRate: Schedule =
    index === 0
      ? { kind: 'linear', from: high, to: low, over: half }
      : {
          kind: 'points',
          points: [
            [0, low],
            [half, high],
            [2 * half, low],
          ],
        };
  return { name: `cycle ${index + 1}`, epochs: index === 0 ? half : 2 * half, learningRate, rewiring: 'frozen', ticket: 'last' };
}
