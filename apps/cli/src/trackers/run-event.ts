/** What a training tells, as trackers take it. */
import type { TrainEvent } from '@freetickets/dst-trainer';
import type { RunEvent } from '@freetickets/report';

export interface Place {
  readonly member: number;
  /** At the end of the last epoch. */
  readonly step: number;
  /** Of the run, so far. */
  readonly tickets: number;
}

/** Undefined of what no tracker shows. */
export function runEventOf(event: TrainEvent, { member, step, tickets }: Place): RunEvent | undefined {
  if (event.type === 'epoch') return { ...event, member };
  if (event.type === 'rewired') return { ...event, member };
  if (event.type === 'checkpoint') return { type: 'weights', member, step: event.state.step, state: event.state.model };
  if (event.type === 'ticket') return { type: 'ticket', member, step, index: tickets - 1, state: event.state };
  if (event.type === 'fault' && event.action === 'roll-back') return { type: 'back', member, step: event.backTo! };
  return undefined;
}
