/**
 * `freetickets export`: a run's tickets as one ONNX file, or one of them as a state dict for PyTorch. Exports carry no seal: other programs change
 * them for good reasons. Their checksum is told instead.
 */
import { createHash } from 'node:crypto';
import { type Layout, type Precision, toOnnx } from '@freetickets/onnx-export';
import { encodePyTorch, SparseError, splitHeads, type Ticket } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { plansOf, ticketsOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import { counted } from '../text.ts';
import { VERSION } from '../version.ts';
import type { Evaluation } from './evaluate.ts';

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
}

export interface ExportOptions {
  readonly output: string;
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

export async function exportRun(path: string, options: ExportOptions): Promise<ExportResult> {
  const { output, member, format = 'onnx' } = options;
  const { folder, experiment, record } = await RunFolder.open(path);
  const tickets = await folder.tickets();
  const members = tickets.flatMap(({ state, info }) => splitHeads(state).map((own): Ticket => ({ state: own, info })));
  if (member !== undefined && !members[member])
    throw new SparseError('INVALID_CONFIG', '--member', `a member of the run, 0 to ${members.length - 1}`, member);
  const chosen = member === undefined ? tickets : [members[member]!];
  const metrics = await scoresOf(folder, members.length, member);
  const bytes = format === 'pytorch' ? stateDictOf(chosen, options) : onnxOf(chosen, record.network.name, options, metrics);
  await writeFileAtomic(output, bytes);
  return {
    output,
    members: member === undefined ? members.length : 1,
    tickets: tickets.length,
    wanted: ticketsOf(plansOf(experiment)),
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
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

function onnxOf(
  tickets: readonly Ticket[],
  name: string,
  { normalize, precision, layout }: ExportOptions,
  metrics?: Record<string, unknown>,
): Uint8Array {
  const { classes, normalization } = tickets[0]!.info;
  return toOnnx(
    tickets.map(({ state }) => state),
    {
      name,
      producerVersion: VERSION,
      ...(classes && { classes }),
      ...(metrics && { metrics }),
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

export function exportText({ output, members, tickets, wanted, sizeBytes }: ExportResult): string {
  const missing = tickets < wanted ? ` (the run is not finished: ${tickets} of ${counted(wanted, 'ticket')})` : '';
  return `${output}: ${counted(members, 'member')}, ${(sizeBytes / 1e6).toFixed(2)} MB${missing}`;
}
