/**
 * What the published code of FreeTickets does, step by step, written down from the description of its loops and from nothing of ours: no plan,
 * no schedule, no phase. The tests hold the trainer's own calendar to it.
 */

/** 45,000 images in batches of 128, the last one of 72. */
export const STEPS_PER_EPOCH = 352;
const EVERY = 1000;

export interface Course {
  /** Learning rate of every step. */
  readonly rates: readonly number[];
  /** Mask updates, ends of epochs, escapes and finished tickets in the order in which they happen. */
  readonly happenings: readonly string[];
}

/** `ref` is what the published code executes, `clean` the same without updates whose weights no step trains before a ticket is chosen. */
export type Version = 'ref' | 'clean';

/** Validation accuracy after each epoch, in hundredths; it chooses the epoch that becomes the ticket. */
export type Validation = (epoch: number) => number;

/** One run of `total` epochs: exploration at rate 0.1, then one refinement per ticket, the first half of it at 0.01 and the second at 0.001. */
export function edstCourse(explore: number, tickets: number, total: number, version: Version, validation: Validation): Course {
  const refine = (total - explore) / tickets;
  const rates: number[] = [];
  const happenings: string[] = [];
  let [rate, best, bestEpoch, escapes] = [0.1, 0, 0, false];
  for (let epoch = 1; epoch <= total; epoch++) {
    const ticket = Math.floor((epoch - explore - 1) / refine);
    const lastOfTicket = ticket >= 0 && epoch === Math.ceil(explore + (ticket + 1) * refine);
    const lastOfPhase = epoch === explore || lastOfTicket;
    for (let batch = 1; batch <= STEPS_PER_EPOCH; batch++) {
      rates.push(rate);
      const step = rates.length;
      if (escapes) happenings.push(`escape of 0.8 at step ${step}`);
      else if (step % EVERY === 0 && !(version === 'clean' && lastOfPhase && batch === STEPS_PER_EPOCH))
        happenings.push(`update of 0.5 at step ${step}`);
      escapes = false;
    }
    happenings.push(`end of epoch ${epoch}`);
    if (validation(epoch) > best) [best, bestEpoch] = [validation(epoch), epoch];
    if (epoch === explore) {
      rate = 0.01;
      if (version === 'clean') best = 0;
    }
    for (let j = 0; j < tickets; j++) if (epoch === Math.ceil(explore + (j + 0.5) * refine)) rate = 0.001;
    if (!lastOfTicket) continue;
    happenings.push(`ticket ${ticket} is epoch ${bestEpoch}`);
    if (epoch === total) continue;
    [best, rate] = [0, 0.01];
    if (version === 'ref') happenings.push(`escape of 0.8 at step ${rates.length}`);
    else escapes = true;
  }
  return { rates, happenings };
}

/** One member of a DST ensemble. The published code drops a half at every update; as described, the share falls by a cosine from 0.5 to 0.005. */
export function dstCourse(total: number, version: Version, validation: Validation): Course {
  const rates: number[] = [];
  const happenings: string[] = [];
  let [best, bestEpoch] = [0, 0];
  for (let epoch = 1; epoch <= total; epoch++) {
    const rate = epoch <= Math.floor(total / 2) ? 0.1 : epoch <= Math.floor((3 * total) / 4) ? 0.01 : 0.001;
    for (let batch = 1; batch <= STEPS_PER_EPOCH; batch++) {
      rates.push(rate);
      const step = rates.length;
      const steps = total * STEPS_PER_EPOCH;
      if (step % EVERY !== 0 || (version === 'clean' && step === steps)) continue;
      const cosine = 0.005 + ((0.5 - 0.005) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
      happenings.push(`update of ${Number((version === 'ref' ? 0.5 : cosine).toFixed(6))} at step ${step}`);
    }
    happenings.push(`end of epoch ${epoch}`);
    if (validation(epoch) > best) [best, bestEpoch] = [validation(epoch), epoch];
  }
  happenings.push(`ticket 0 is epoch ${bestEpoch}`);
  return { rates, happenings };
}
