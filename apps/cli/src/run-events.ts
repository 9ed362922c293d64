/** The log of a run as a report draws it: epochs, rewirings and tickets, in their order. */
import { readFile } from 'node:fs/promises';
import type { EpochPoint, Rewiring, TicketPoint } from '@freetickets/report';

export interface RunEvents {
  readonly epochs: readonly EpochPoint[];
  readonly rewirings: readonly Rewiring[];
  readonly tickets: readonly TicketPoint[];
}

type Logged = EpochPoint & Rewiring & TicketPoint & { readonly type: string };

/** A line that is not whole, of a process that was killed or writes just now, tells nothing. Nothing at all where there is no log. */
export async function eventsIn(logPath: string): Promise<RunEvents> {
  const text = await readFile(logPath, 'utf8').catch(() => '');
  const epochs: EpochPoint[] = [];
  const rewirings: Rewiring[] = [];
  const tickets: TicketPoint[] = [];
  for (const line of text.split('\n')) {
    const event = parsed(line);
    if (event?.type === 'epoch') epochs.push(epochOf(event));
    if (event?.type === 'rewired') rewirings.push(rewiringOf(event));
    // A ticket may be from an earlier epoch than the one after which it is handed out; the border is where that happens.
    if (event?.type === 'ticket') tickets.push({ index: event.index, member: event.member, step: epochs.at(-1)?.step ?? 0 });
  }
  return { epochs, rewirings, tickets };
}

function epochOf({ member, epoch, step, loss, accuracy, validLoss, validAccuracy, learningRate }: Logged): EpochPoint {
  return { member, epoch, step, loss, accuracy, validLoss, validAccuracy, learningRate };
}

function rewiringOf({ member, step, cause, fraction, exploration, layers }: Logged): Rewiring {
  const own = layers.map(({ param, live, size, changed }) => ({ param, live, size, changed }));
  return { member, step, cause, fraction, exploration, layers: own };
}

function parsed(line: string): Logged | undefined {
  try {
    return JSON.parse(line) as Logged;
  } catch {
    return undefined;
  }
}
