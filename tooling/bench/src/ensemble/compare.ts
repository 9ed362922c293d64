/**
 * One ensemble in every form: first whether they answer alike, then how long each takes, in turns with PyTorch on the same device. On a GPU
 * every time includes copying the images there and the probabilities back.
 */
import { modelByName } from '@freetickets/sparse-core';
import { contest, type Entrant, type Measurement } from '../contest.ts';
import { milliseconds, type Table } from '../markdown.ts';
import type { SideCommand, Sides } from '../side.ts';
import { least } from '../statistics.ts';
import type { Settings } from '../suite.ts';
import type { EnsembleTask, PeerEnsembleTask } from '../tasks.ts';
import { type EnsembleShape, type Form, SEPARATE, writeForms } from './files.ts';
import { randomImages } from './images.ts';
import { type Device, openSessions } from './sessions.ts';

export interface EnsembleCase extends EnsembleShape {
  readonly name: string;
  readonly device: Device;
  readonly batchSize: number;
  /** Of each form: largest difference of a probability from the fused graph on the CPU, in full precision. */
  readonly differences: Readonly<Record<string, number>>;
  readonly measurements: readonly Measurement[];
}

export interface Contestants {
  readonly device: Device;
  readonly forms: readonly string[];
  readonly onnxruntime: SideCommand;
  readonly torch: SideCommand;
  /** Whether our sparse engine takes part, on the CPU. */
  readonly sparse: boolean;
  /** `eager`, `graph`. */
  readonly torchModes: readonly string[];
}

/** Of full precision, as of the ensemble's probabilities. */
const LARGEST_DIFFERENCE = 1e-4;

export async function compareForms(
  shape: EnsembleShape,
  batchSizes: readonly number[],
  { device, forms: which, onnxruntime, torch, torchModes, sparse }: Contestants,
  { threads, seed, pace }: Pick<Settings, 'threads' | 'seed' | 'pace'>,
  folder: string,
  sides: Sides,
): Promise<EnsembleCase[]> {
  const spec = modelByName(shape.network);
  const input = spec.input.shape;
  const forms = writeForms(shape, folder, which);
  // A GPU's short floats (TF32) differ by more; they are what everybody times, and not what is compared. Libraries read it when they start.
  process.env.NVIDIA_TF32_OVERRIDE = '0';
  const differences = await differencesOf(forms, device, input, threads, seed);
  delete process.env.NVIDIA_TF32_OVERRIDE;
  const cases: EnsembleCase[] = [];
  for (const batchSize of batchSizes) {
    const common = { kind: 'ensemble', threads, seed, batchSize } as const;
    const entrant = (name: string, files: readonly string[], on: EnsembleTask['device']): Entrant => ({
      name,
      ours: true,
      side: onnxruntime,
      task: { ...common, files, device: on, input } satisfies EnsembleTask,
    });
    const peer = (mode: string): Entrant => ({
      name: `PyTorch ${mode}`,
      side: torch,
      task: { ...common, spec, members: shape.members, device, mode } satisfies PeerEnsembleTask,
    });
    const entrants = [
      ...forms.map(({ name, files }) => entrant(name, files, device)),
      ...(sparse ? [entrant('sparse engine', forms[0]!.files, 'sparse')] : []),
      ...torchModes.map(peer),
    ];
    const name = `${shape.network}, ${shape.members} members, batch ${batchSize}`;
    cases.push({ ...shape, name, device, batchSize, differences, measurements: await contest(entrants, sides, pace) });
  }
  return cases;
}

async function differencesOf(forms: readonly Form[], device: Device, input: readonly number[], threads: number, seed: number) {
  const shape = [8, ...input];
  const images = randomImages(shape, seed);
  const answer = async ({ files }: Form, on: Device) => {
    const sessions = await openSessions(files, on, threads);
    const found = await sessions.probabilities(images, shape).finally(() => sessions.close());
    return found;
  };
  const expected = await answer(forms[0]!, 'cpu');
  const differences: Record<string, number> = {};
  for (const form of forms) {
    const found = await answer(form, device);
    differences[form.name] = found.reduce((most, value, k) => Math.max(most, Math.abs(value - expected[k]!)), 0);
  }
  return differences;
}

const PART = ['infer'];

/** Milliseconds at best; below, how many pictures a second that is for the best form. */
export function tableOf(cases: readonly EnsembleCase[]): Table {
  const names = [...new Set(cases.flatMap(({ measurements }) => measurements.map(({ name }) => name)))];
  const rows = cases.map(({ name, batchSize, measurements }) => {
    const times = names.map((which) => {
      const found = measurements.find((one) => one.name === which);
      return found && least(found, PART);
    });
    const best = Math.min(...times.flatMap((time, k) => (time === undefined || names[k]!.startsWith('PyTorch') ? [] : [time])));
    return [name, ...times.map(milliseconds), Number.isFinite(best) ? ((1000 * batchSize) / best).toFixed(0) : '-'];
  });
  return { header: ['ensemble', ...names.map((name) => `${name}, ms`), 'pictures a second, best of ours'], rows };
}

/** What the differences say, worst first; fp16 is told apart, since it may differ by more. */
export function differenceNotes(cases: readonly EnsembleCase[]): string[] {
  const worst = (half: boolean) =>
    Math.max(
      0,
      ...cases.flatMap(({ differences }) =>
        Object.entries(differences).flatMap(([form, d]) => (form.endsWith('fp16') === half ? [d] : [])),
      ),
    );
  const [full, half] = [worst(false), worst(true)];
  const notes = [
    `Largest difference of a probability from the fused graph on the CPU: ${full.toExponential(1)} (bound ${LARGEST_DIFFERENCE}).`,
  ];
  return half > 0 ? [...notes, `In half precision: ${half.toExponential(1)}.`] : notes;
}

export const agrees = (cases: readonly EnsembleCase[]): boolean =>
  cases.every(({ differences }) => Object.entries(differences).every(([form, d]) => form.endsWith('fp16') || d <= LARGEST_DIFFERENCE));

export { SEPARATE };
