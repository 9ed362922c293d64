/** A run told once more, from its folder. Of its weights only those of the tickets are left, and times are counted from when it was begun. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunEvent } from '@freetickets/report';
import type { Ticket } from '@freetickets/sparse-core';
import { plansOf, ticketsOf } from '../plans.ts';
import { epochsIn } from '../run-epochs.ts';
import { eventsIn, type RunEvents } from '../run-events.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { startOf, type Tracker } from './tracker.ts';

/** @throws SparseError when the folder is not that of a run, or what the tracker throws */
export async function replayRun(path: string, tracker: Tracker, talk: Talk): Promise<void> {
  const { folder, record } = await RunFolder.open(path);
  const tickets = await folder.loadTickets(folder.ticketCount());
  const plans = plansOf(record.experiment);
  const begun = (await stat(join(path, 'run.json'))).mtimeMs / 1000;
  const timeOf = await clock(folder.logPath, begun);
  const reporter = await tracker.open(folder, startOf(path, record, plans.length, undefined, begun), talk);
  for (const event of inOrder(await eventsIn(folder.logPath), tickets)) await reporter.take(event, timeOf(event));
  await reporter.end(tickets.length === ticketsOf(plans) ? 'finished' : 'stopped', timeOf());
}

/** Member by member and step by step. */
function inOrder({ epochs, rewirings, tickets: points }: RunEvents, tickets: readonly Ticket[]): RunEvent[] {
  const ofTickets = points.flatMap(({ member, step }, index): RunEvent[] => {
    const state = tickets[index]?.state; // one that is logged may not be there, of a folder that lost it
    return state
      ? [
          { type: 'weights', member, step, state },
          { type: 'ticket', member, step, index, state },
        ]
      : [];
  });
  const events: RunEvent[] = [
    ...rewirings.map((rewiring) => ({ type: 'rewired' as const, ...rewiring })),
    ...epochs.map((epoch) => ({ type: 'epoch' as const, ...epoch })),
    ...ofTickets,
  ];
  return events.sort((a, b) => a.member - b.member || a.step - b.step);
}

/** @returns when an event happened, as the end of its epoch tells; without one, when all was over */
async function clock(logPath: string, begun: number): Promise<(event?: RunEvent) => number> {
  const epochs = await epochsIn(logPath);
  const members = [...new Set(epochs.map(({ member }) => member))];
  const secondsOf = (member: number) => epochs.findLast((epoch) => epoch.member === member)?.seconds ?? 0;
  const before = (member: number) => members.filter((other) => other < member).reduce((sum, other) => sum + secondsOf(other), 0);
  return (event) => {
    if (!event) return begun + before(Number.POSITIVE_INFINITY);
    const { member, step } = event;
    const epoch = epochs.find((one) => one.member === member && one.step >= step);
    return begun + before(member) + (epoch?.seconds ?? secondsOf(member));
  };
}
