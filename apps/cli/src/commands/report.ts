/** `freetickets report`: runs as one HTML file. Nothing is computed anew but what the tickets themselves show. */
import { availableParallelism, cpus } from 'node:os';
import { type Report, type ReportRun, reportHtml } from '@freetickets/report';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { comparisonCells, comparisonCsv, comparisonLatex } from '../compare/formats.ts';
import type { ComparedRun } from '../compare/read-run.ts';
import { eventsIn } from '../run-events.ts';
import { RunFolder } from '../run-folder.ts';
import { provenanceOf } from '../run-provenance.ts';
import { ticketFacts } from '../run-tickets.ts';
import { VERSION } from '../version.ts';
import { compareRuns } from './compare.ts';

export interface ReportResult {
  readonly output: string;
  readonly runs: readonly string[];
  readonly bytes: number;
  readonly notes: readonly string[];
}

/** @throws SparseError whatever reading the runs throws; DISK_FULL or BAD_FILE when the file cannot be written */
export async function writeReport(paths: readonly string[], output: string, title: string | undefined): Promise<ReportResult> {
  if (!/\.html?$/i.test(output)) throw new SparseError('INVALID_CONFIG', '--output', 'a file whose name ends in .html', output);
  const report = await reportOf(paths, title);
  const html = new TextEncoder().encode(reportHtml(report));
  await writeFileAtomic(output, html);
  return { output, runs: report.runs.map(({ name }) => name), bytes: html.length, notes: report.notes };
}

/** What the page shows of run folders, and of the finished runs of sweeps. */
export async function reportOf(paths: readonly string[], title?: string): Promise<Report> {
  const comparison = await compareRuns(paths);
  const compared = comparison.rows.flatMap(({ runs }) => runs);
  const runs: ReportRun[] = [];
  for (const run of compared) runs.push(await reportRun(run));
  return {
    title: title ?? (compared.length === 1 ? compared[0]!.run : `${compared.length} runs`),
    made: new Date().toISOString(),
    runs,
    table: { ...comparisonCells(comparison), csv: comparisonCsv(comparison), latex: comparisonLatex(comparison) },
    costs: compared.flatMap(({ run, evaluation, cost, seconds }) =>
      evaluation
        ? [
            {
              run,
              accuracy: evaluation.ensemble.accuracy,
              trainingFlops: cost.trainingVersusDense,
              inferenceFlops: cost.inferenceVersusDense,
              seconds,
            },
          ]
        : [],
    ),
    notes: comparison.notes,
  };
}

async function reportRun({ run, evaluation }: ComparedRun): Promise<ReportRun> {
  const { folder, record, net } = await RunFolder.open(run);
  const { topology } = await ticketFacts(folder, net);
  return {
    name: run,
    provenance: [
      ['Configuration', JSON.stringify(record.experiment)],
      ...provenanceOf(record),
      ['Hashes of the tickets', evaluation?.tickets.join(' ') ?? 'not evaluated'],
      [
        'Report made with',
        `freetickets ${VERSION}, node ${process.version}, ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} processors`,
      ],
    ],
    ...(await eventsIn(folder.logPath)),
    ...(topology && { topology }),
    ...(evaluation && { evaluation }),
  };
}

export const reportText = ({ output, runs, bytes, notes }: ReportResult): string =>
  [
    ...notes.map((note) => `note: ${note}`),
    `${output}: ${runs.length === 1 ? runs[0] : `${runs.length} runs`}, ${(bytes / 1e6).toFixed(2)} MB; open it in a browser`,
  ].join('\n');
