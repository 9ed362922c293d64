import { checkPlan } from './check-plan.ts';
import { check, checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { asDense, firstRate, type PlanOptions, planFields } from './plan-options.ts';
import type { SingleRunOptions } from './single-run.ts';

/**
 * Snapshot ensemble: one run of the dense network whose learning rate falls to 0 along a cosine, once for each ticket, and starts anew. A cycle
 * hands out its last state, and nothing but the rate changes between two. The epochs are of all tickets together, as many as of one dense
 * network; where they do not divide evenly, the ends of cycles are rounded up.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:1704.00109; published with 5 cycles in 200 epochs from a learning rate of 0.2
 */
export function snapshot(options: Omit<PlanOptions, 'ticket'> & SingleRunOptions): Plan {
  const { tickets, epochs } = options;
  checkWhole(tickets, 'snapshot: tickets');
  checkWhole(epochs, 'snapshot: epochs');
  check(epochs >= tickets, 'snapshot: epochs', `at least ${tickets}, one for each ticket`, epochs);
  const from = firstRate('snapshot', options);
  const phases = Array.from({ length: tickets }, (_, j): Phase => {
    const over = Math.ceil((epochs * (j + 1)) / tickets) - Math.ceil((epochs * j) / tickets);
    return {
      name: `cycle ${j + 1}`,
      epochs: over,
      learningRate: { kind: 'cosine', from, to: 0, over },
      rewiring: 'frozen',
      ticket: 'last',
    };
  });
  const plan = { ...planFields('snapshot', asDense(options)), denseEpochs: epochs, phases };
  checkPlan(plan);
  return plan;
}
