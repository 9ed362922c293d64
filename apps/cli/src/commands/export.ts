/** `freetickets export`: a run's tickets as one ONNX file. */
import { toOnnx } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { plansOf, ticketsOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import { counted } from '../text.ts';
import { VERSION } from '../version.ts';
import type { Evaluation } from './evaluate.ts';

export interface ExportResult {
  readonly output: string;
  /** In the file. */
  readonly members: number;
  /** That the run has so far, and that it is to have. */
  readonly tickets: number;
  readonly wanted: number;
  readonly sizeBytes: number;
}

export interface ExportOptions {
  readonly output: string;
  /** One ticket only, counted from 0. */
  readonly member?: number;
  /** The model takes pixels in [0, 1] and normalises them itself; else the caller does. */
  readonly normalize: boolean;
}

export async function exportRun(path: string, { output, member, normalize }: ExportOptions): Promise<ExportResult> {
  const { folder, experiment, record } = await RunFolder.open(path);
  const tickets = await folder.tickets();
  if (member !== undefined && !tickets[member])
    throw new SparseError('INVALID_CONFIG', '--member', `a ticket of the run, 0 to ${tickets.length - 1}`, member);
  const chosen = member === undefined ? tickets : [tickets[member]!];
  const { classes, normalization } = chosen[0]!.info;
  const metrics = await scoresOf(folder, tickets.length, member);
  const bytes = toOnnx(
    chosen.map(({ state }) => state),
    {
      name: record.network.name,
      producerVersion: VERSION,
      ...(classes && { classes }),
      ...(metrics && { metrics }),
      ...(normalization && { normalization: { ...normalization, inGraph: normalize } }),
    },
  );
  await writeFileAtomic(output, bytes);
  return { output, members: chosen.length, tickets: tickets.length, wanted: ticketsOf(plansOf(experiment)), sizeBytes: bytes.length };
}

/** What `evaluate` measured, if it measured these tickets. */
async function scoresOf(folder: RunFolder, tickets: number, member: number | undefined): Promise<Record<string, unknown> | undefined> {
  const results = (await folder.results()) as Partial<Evaluation> | undefined;
  if (results?.members?.length !== tickets) return undefined;
  return { ...(member === undefined ? results.ensemble : results.members[member]) };
}

export function exportText({ output, members, tickets, wanted, sizeBytes }: ExportResult): string {
  const missing = tickets < wanted ? ` (the run is not finished: ${tickets} of ${counted(wanted, 'ticket')})` : '';
  return `${output}: ${counted(members, 'member')}, ${(sizeBytes / 1e6).toFixed(2)} MB${missing}`;
}
