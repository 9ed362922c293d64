/** `freetickets export`: a run's tickets as one ONNX file. */
import { toOnnx } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { RunFolder } from '../run-folder.ts';
import { VERSION } from '../version.ts';
import type { Evaluation } from './evaluate.ts';

export interface ExportResult {
  readonly output: string;
  readonly members: number;
  readonly sizeBytes: number;
}

export interface ExportOptions {
  readonly output: string;
  /** One ticket only. */
  readonly member?: number;
  /** The model takes pixels in [0, 1] and normalises them itself; else the caller does. */
  readonly normalize: boolean;
}

export async function exportRun(path: string, { output, member, normalize }: ExportOptions): Promise<ExportResult> {
  const { folder, record } = await RunFolder.open(path);
  const tickets = await folder.tickets();
  if (member !== undefined && !tickets[member]) throw new SparseError('INVALID_CONFIG', '--member', `a ticket of the run, 0 to ${tickets.length - 1}`, member);
  const chosen = member === undefined ? tickets : [tickets[member]!];
  const { classes, normalization } = chosen[0]!.info;
  const metrics = folder.has('results.json') ? ((await folder.readJson('results.json', 'results')) as unknown as Evaluation) : undefined;
  const scores = metrics && (member === undefined ? metrics.ensemble : metrics.members[member]);
  const bytes = toOnnx(
    chosen.map(({ state }) => state),
    {
      name: record.network.name,
      producerVersion: VERSION,
      ...(classes && { classes }),
      ...(scores && { metrics: { ...scores } }),
      ...(normalization && { normalization: { ...normalization, inGraph: normalize } }),
    },
  );
  await writeFileAtomic(output, bytes);
  return { output, members: chosen.length, sizeBytes: bytes.length };
}
