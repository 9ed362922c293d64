/** What a server has to know of an ensemble, fitted on the validation part of the run's data before it is exported. */
import { type CalibrationOptions, fitCalibration, type ServingCalibration } from '@freetickets/inference';
import { splitHeads, type Ticket } from '@freetickets/sparse-core';
import { openDataOfRun } from '../data.ts';
import { computingFor, tellNotes } from '../engines.ts';
import { openMembers } from '../evaluation/members.ts';
import type { Experiment } from '../experiment-fields.ts';
import { progressBar } from '../progress.ts';
import type { RunRecord } from '../run-record.ts';
import type { Talk } from '../talk.ts';

/** @throws SparseError as reading the data does */
export async function calibrateExport(
  tickets: readonly Ticket[],
  { experiment, record }: { readonly experiment: Experiment; readonly record: RunRecord },
  options: CalibrationOptions,
  talk: Talk,
): Promise<ServingCalibration> {
  const { valid } = await openDataOfRun(experiment, record, talk);
  const computing = await computingFor(experiment);
  tellNotes(talk.say);
  const states = tickets.flatMap(({ state }) => splitHeads(state));
  await using members = await openMembers(states, computing);
  const bar = progressBar({ label: 'valid', total: valid.size }, talk);
  try {
    const { prediction, labels } = await members.outputsOf(valid, (done) => bar.update(done));
    return fitCalibration({ ...prediction, values: prediction.memberProbs }, labels, options);
  } finally {
    bar.stop();
  }
}
