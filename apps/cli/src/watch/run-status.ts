/** Where a run stands, from its folder alone: whether another process trains it, on whatever machine, makes no difference. */
import type { EpochPoint } from '@freetickets/report';
import type { Experiment } from '../experiment-fields.ts';
import { epochsOf, plansOf, ticketsOf } from '../plans.ts';
import { epochsIn, secondsOf } from '../run-epochs.ts';
import { eventsIn } from '../run-events.ts';
import { RunFolder } from '../run-folder.ts';

export interface RunStatus {
  readonly run: string;
  readonly experiment: Experiment;
  readonly data: string;
  readonly network: string;
  readonly engine: string;
  readonly members: number;
  readonly epochs: readonly EpochPoint[];
  /** Counted over all members, with those that a phase left out. */
  readonly epochsDone: number;
  readonly epochsWanted: number;
  readonly rewirings: number;
  /** R_s after the last one. */
  readonly exploration: number | undefined;
  readonly tickets: number;
  readonly ticketsWanted: number;
  /** Of training, so far. */
  readonly seconds: number;
  /** As long as epochs take what they took so far; undefined before the first. */
  readonly secondsLeft: number | undefined;
  readonly finished: boolean;
}

/** @throws SparseError MISSING_FILE or BAD_FILE when the folder is not that of a run */
export async function statusOf(run: string): Promise<RunStatus> {
  const { folder, record } = await RunFolder.open(run);
  const plans = plansOf(record.experiment);
  const { epochs, rewirings } = await eventsIn(folder.logPath);
  const timed = await epochsIn(folder.logPath);
  const epochsDone = timed.at(-1)?.epochOfRun ?? 0;
  const epochsWanted = plans.reduce((sum, plan) => sum + epochsOf(plan), 0);
  const seconds = secondsOf(timed);
  const [tickets, ticketsWanted] = [folder.ticketCount(), ticketsOf(plans)];
  const finished = tickets === ticketsWanted;
  return {
    run,
    experiment: record.experiment,
    data: record.data.name,
    network: record.network.name,
    engine: record.engine,
    members: plans.length,
    epochs,
    epochsDone,
    epochsWanted,
    rewirings: rewirings.length,
    exploration: rewirings.at(-1)?.exploration,
    tickets,
    ticketsWanted,
    seconds,
    secondsLeft: finished ? 0 : epochsDone === 0 ? undefined : (seconds / timed.length) * (epochsWanted - epochsDone),
    finished,
  };
}
