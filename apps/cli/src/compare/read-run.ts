/** A run as `compare` sees it: its record, what `evaluate` has kept of it, and what it cost. */
import { join } from 'node:path';
import { costOf } from '../commands/train.ts';
import { explorationIn } from '../evaluation/diversity.ts';
import { parseEvaluation } from '../evaluation/document.ts';
import type { Experiment } from '../experiment-fields.ts';
import { plansOf, ticketsOf } from '../plans.ts';
import { epochsIn, secondsOf } from '../run-epochs.ts';
import { RunFolder } from '../run-folder.ts';
import { ticketFacts } from '../run-tickets.ts';
import type { Sources } from './columns.ts';

export interface ComparedRun extends Sources {
  readonly run: string;
  readonly experiment: Experiment;
  /** SHA-256 of the data. */
  readonly data: string;
  /** Why figures are missing or not final. */
  readonly lacks: {
    /** Tickets that are still to be trained. */
    readonly tickets: number;
    readonly evaluation?: 'not evaluated' | 'evaluated with other tickets';
  };
}

/** @throws SparseError MISSING_FILE or BAD_FILE when the folder is not that of a run, or its results do not read */
export async function readRun(run: string): Promise<ComparedRun> {
  const { folder, record, net } = await RunFolder.open(run);
  const tickets = await ticketFacts(folder, net);
  const plans = plansOf(record.experiment);
  const wanted = ticketsOf(plans);
  const results = await folder.results();
  const evaluation = results === undefined ? undefined : parseEvaluation(join(run, 'results.json'), results);
  const isOfThese = evaluation && String(evaluation.tickets) === String(tickets.hashes);
  return {
    run,
    experiment: record.experiment,
    data: record.data.hash,
    evaluation: isOfThese ? evaluation : undefined,
    cost: costOf({ record, net, plans }),
    seconds: secondsOf(await epochsIn(folder.logPath)),
    parameters: tickets.count > 0 ? tickets.parameters : undefined,
    exploration: meanOf((await explorationIn(folder.logPath)).flatMap((rates) => rates.at(-1)?.rate ?? [])),
    lacks: {
      tickets: wanted - tickets.count,
      // Without a ticket there is nothing to evaluate yet.
      ...(!isOfThese && tickets.count > 0 && { evaluation: evaluation ? 'evaluated with other tickets' : 'not evaluated' }),
    },
  };
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
