/** Whole numbers that follow from a plan alone. */
import { rowsPerImage, ticketsAtOnce } from './one-pass/one-pass.ts';
import type { Plan } from './plans/plan.ts';

/** Training steps of one epoch over `samples` samples. */
export const stepsPerEpoch = ({ onePass, batchSize }: Pick<Plan, 'onePass' | 'batchSize'>, samples: number): number =>
  Math.ceil((samples * rowsPerImage(onePass)) / batchSize);

/** Tickets that a plan hands out. */
export const ticketCount = ({ phases, onePass }: Plan): number =>
  phases.filter(({ ticket }) => ticket !== undefined).length * ticketsAtOnce(onePass);
