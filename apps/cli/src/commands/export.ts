/**
 * `freetickets export`: a run's tickets as one ONNX file, or one of them as a state dict for PyTorch. Exports carry no seal: other programs change
 * them for good reasons. Their checksum is told instead.
 */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { CalibrationOptions, ServingCalibration } from '@freetickets/inference';
import { type Layout, type Precision, toOnnx } from '@freetickets/onnx-export';
import { encodePyTorch, SparseError, splitHeads, type Ticket } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import type { Flags } from '../experiment-fields.ts';
import { plansOf, ticketsOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import type { Talk } from '../talk.ts';
import { counted, percent } from '../text.ts';
import { VERSION } from '../version.ts';
import { calibrateExport } from './calibrate-export.ts';
import type { Evaluation } from './evaluate.ts';
import { writeRepository } from './triton-repository.ts';

export const EXPORT_FORMATS = ['onnx', 'pytorch'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportResult {
  readonly output: string;
  /** In the file. */
  readonly members: number;
  /** That the run has so far, and that it is to have. */
  readonly tickets: number;
  readonly wanted: number;
  readonly sizeBytes: number;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** Null when nothing was fitted. */
  readonly calibration: ServingCalibration | null;
}

export interface ExportOptions {
  /** A file; or else `triton`. */
  readonly output?: string;
  /** A folder, which becomes a model repository, and the model's name in it (default: that of the run folder). */
  readonly triton?: { readonly folder: string; readonly name?: string };
  /** Fit what a server has to know on the run's validation data, and keep it in the file. */
  readonly calibrate?: CalibrationOptions;
  /** One member only, counted from 0: a ticket, or a head of one. */
  readonly member?: number;
  /** `pytorch`: a safetensors file with a state dict, of one ticket. Default `onnx`. */
  readonly format?: ExportFormat;
  /** The model takes pixels in [0, 1] and normalises them itself; else the caller does. */
  readonly normalize: boolean;
  /** Of an ONNX file's weights and arithmetic. Default `fp32`. */
  readonly precision?: Precision;
  /** How members stand in an ONNX file. Default `fused`. */
  readonly layout?: Layout;
}

/** @param flags where the data are now, and how to compute: for the calibration */
export async function exportRun(path: string, options: ExportOptions, talk: Talk, flags: Flags = {}): Promise<ExportResult> {
  const { member, format = 'onnx', calibrate } = options;
  checkTarget(options);
  const { folder, experiment, record } = await RunFolder.open(path, flags);
  const tickets = await folder.tickets();
  const members = tickets.flatMap(({ state, info }) => splitHeads(state).map((own): Ticket => ({ state: own, info })));
  if (member !== undefined && !members[member])
    throw new SparseError('INVALID_CONFIG', '--member', `a member of the run, 0 to ${members.length - 1}`, member);
  const chosen = member === undefined ? tickets : [members[member]!];
  const metrics = await scoresOf(folder, members.length, member);
  const calibration = calibrate && (await calibrateExport(chosen, { experiment, record }, calibrate, talk));
  const bytes =
    format === 'pytorch' ? stateDictOf(chosen, options) : onnxOf(chosen, record.network.name, options, { metrics, calibration });
  return {
    output: await write(path, bytes, options),
    members: member === undefined ? members.length : 1,
    tickets: tickets.length,
    wanted: ticketsOf(plansOf(experiment)),
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    calibration: calibration ?? null,
  };
}

/** @throws SparseError INVALID_CONFIG */
function checkTarget({ output, triton, format = 'onnx', calibrate }: ExportOptions): void {
  if ((output === undefined) === (triton === undefined))
    throw new SparseError('INVALID_CONFIG', '--output', 'either it or --triton', new Error(output === undefined ? 'neither' : 'both'));
  if (format === 'onnx') return;
  const wrong = triton ? '--triton' : calibrate ? '--calibrate' : undefined;
  if (wrong) throw new SparseError('INVALID_CONFIG', wrong, 'it with the format onnx only', format);
}

/** @returns where the model is now */
async function write(path: string, bytes: Uint8Array, { output, triton }: ExportOptions): Promise<string> {
  if (triton) return writeRepository(triton.folder, triton.name ?? basename(resolve(path)), bytes);
  await writeFileAtomic(output!, bytes);
  return output!;
}

/** @throws SparseError INVALID_CONFIG for what a state dict cannot hold */
function stateDictOf(tickets: readonly Ticket[], { normalize, precision, layout }: ExportOptions): Uint8Array {
  const refuse = (option: string, expected: string, received: unknown) => new SparseError('INVALID_CONFIG', option, expected, received);
  if (tickets.length > 1)
    throw refuse('--member', 'the number of one ticket, because a state dict (pytorch) holds one network', new Error('nothing'));
  if (!normalize) throw refuse('--no-normalize', 'it with the format onnx only, because a state dict normalises nothing', 'pytorch');
  if (precision !== undefined) throw refuse('--precision', 'it with the format onnx only, because a state dict is float32', 'pytorch');
  if (layout !== undefined) throw refuse('--layout', 'it with the format onnx only, because a state dict holds one network', 'pytorch');
  return encodePyTorch(tickets[0]!.state);
}

interface Measured {
  readonly metrics: Record<string, unknown> | undefined;
  readonly calibration: ServingCalibration | undefined;
}

function onnxOf(
  tickets: readonly Ticket[],
  name: string,
  { normalize, precision, layout }: ExportOptions,
  { metrics, calibration }: Measured,
): Uint8Array {
  const { classes, normalization } = tickets[0]!.info;
  return toOnnx(
    tickets.map(({ state }) => state),
    {
      name,
      producerVersion: VERSION,
      ...(classes && { classes }),
      ...(metrics && { metrics }),
      ...(calibration && { calibration: { ...calibration } }),
      ...(precision && { precision }),
      ...(layout && { layout }),
      ...(normalization && { normalization: { ...normalization, inGraph: normalize } }),
    },
  );
}

/** What `evaluate` measured, if it measured these tickets. */
async function scoresOf(folder: RunFolder, members: number, member: number | undefined): Promise<Record<string, unknown> | undefined> {
  const results = (await folder.results()) as Partial<Evaluation> | undefined;
  if (results?.members?.length !== members) return undefined;
  return { ...(member === undefined ? results.ensemble : results.members[member]) };
}

export function exportText({ output, members, tickets, wanted, sizeBytes, calibration }: ExportResult): string {
  const missing = tickets < wanted ? ` (the run is not finished: ${tickets} of ${counted(wanted, 'ticket')})` : '';
  const written = `${output}: ${counted(members, 'member')}, ${(sizeBytes / 1e6).toFixed(2)} MB${missing}`;
  return calibration ? `${written}\n${calibrationText(calibration, members)}` : written;
}

function calibrationText({ samples, temperature, ood, stopping }: ServingCalibration, members: number): string {
  const temperatures = temperature.temperatures.map((each) => each.toFixed(3)).join(', ');
  const lines = [
    `calibrated on ${samples} validation pictures: temperature ${temperatures} (${temperature.order}); ${ood.score} above ${ood.threshold.toFixed(3)} counts as foreign`,
  ];
  if (stopping)
    lines.push(
      `members one by one: ${stopping.meanMembers.toFixed(2)} of ${members} on the mean, accuracy ${percent(stopping.accuracy)} instead of ${percent(stopping.fullAccuracy)}`,
    );
  return lines.join('\n');
}
