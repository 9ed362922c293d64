/**
 * `freetickets evaluate` of an exported model: what the file answers, by the engine that will serve it, scored as a run is. Measures that look
 * into members (at weights, features or gradients) need the run.
 */
import { createHash } from 'node:crypto';
import type { Normalization } from '@freetickets/datasets';
import { type EngineName, openModel } from '@freetickets/inference';
import { describeOnnx, type OnnxDescription } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { type Data, openData } from '../data.ts';
import { calibrationOf } from '../evaluation/calibration.ts';
import { conformalOf } from '../evaluation/conformal.ts';
import { corruptionScores, corruptionsFor } from '../evaluation/corruption.ts';
import { curvesOf } from '../evaluation/curves.ts';
import { plainDiversity } from '../evaluation/diversity.ts';
import { type Evaluation, LEVEL, type Split } from '../evaluation/document.ts';
import { modelMembers } from '../evaluation/model-members.ts';
import { checkOptions, type EvaluateOptions } from '../evaluation/options.ts';
import { allScores, partsFor, SEED, told } from '../evaluation/passes.ts';
import { resolveExperiment } from '../experiment.ts';
import type { Flags } from '../experiment-fields.ts';
import type { Talk } from '../talk.ts';

export interface ModelEngine {
  readonly engine?: EngineName;
  readonly threads?: number;
}

/**
 * @param flags which data set, and where it is
 * @throws SparseError INVALID_CONFIG for a wish that makes no sense or needs the run, and whatever reading the file and the data throws
 */
export async function evaluateModel(
  path: string,
  split: Split,
  talk: Talk,
  flags: Flags,
  options: EvaluateOptions,
  computing: ModelEngine,
): Promise<Evaluation> {
  checkOptions(split, options);
  checkModelOptions(path, options);
  const { description, hash } = await lookInto(path);
  const data = await openData(resolveExperiment(flags), talk, normalizationFor(description));
  checkData(path, description, data);
  const names = options.corruptions && (await corruptionsFor(data, options.corruptions));
  const model = await openModel(path, computing);
  await using members = modelMembers(path, model, description);
  talk.say(`engine: ${model.engine.name} (${model.engine.why})`);

  const bootstrap = { resamples: options.bootstrap ?? 0, seed: options.seed ?? SEED };
  const outputs = await told(members, data[split], split, talk);
  const fitting = options.calibrate || options.conformal !== undefined;
  const parts = fitting ? await partsFor(options, members, outputs, data, split, talk) : undefined;
  return {
    format: 'freetickets.evaluation',
    version: 1,
    tickets: [hash],
    data: data.hash,
    split,
    samples: data[split].size,
    ...(await allScores(outputs, bootstrap)),
    diversity: plainDiversity(outputs, bootstrap),
    curves: curvesOf(outputs),
    ...(bootstrap.resamples > 0 && { bootstrap: { ...bootstrap, level: LEVEL } }),
    ...(parts && options.calibrate && { calibration: await calibrationOf(parts, bootstrap) }),
    ...(parts && options.conformal !== undefined && { conformal: conformalOf(parts, options.conformal, bootstrap) }),
    ...(names && { corruptions: await corruptionScores(members, data, names, options.corruptions!, bootstrap, talk) }),
  };
}

/** A large file is let go of before an engine opens it. */
async function lookInto(path: string): Promise<{ description: OnnxDescription; hash: string }> {
  const bytes = await readFileOrExplain(path, 'an ONNX model');
  return { description: describeOnnx(bytes, path), hash: createHash('sha256').update(bytes).digest('hex') };
}

function checkModelOptions(path: string, { ood, diversity, attack, interpolate, trajectory }: EvaluateOptions): void {
  const wishes = { '--ood': ood, '--diversity': diversity, '--attack': attack, '--interpolate': interpolate, '--trajectory': trajectory };
  const [wish] = Object.entries(wishes).find(([, value]) => value) ?? [];
  if (wish === undefined) return;
  throw new SparseError(
    'INVALID_CONFIG',
    wish,
    'a run folder, because it looks into the members',
    new Error(`an exported model (${path})`),
  );
}

/** What the caller of the model has to do to pixels in [0, 1]; undefined where the file does not say. */
function normalizationFor({ inputs, freetickets }: OnnxDescription): Normalization | undefined {
  if (!freetickets?.normalization) return undefined;
  const { inGraph, mean, std } = freetickets.normalization;
  const forEach = (values: readonly number[]) => Array.from({ length: Number(inputs[0]?.shape?.[1]) }, (_, c) => values[c] ?? values[0]!);
  return inGraph ? { mean: forEach([0]), std: forEach([1]) } : { mean: forEach(mean), std: forEach(std) };
}

function checkData(path: string, { inputs, freetickets }: OnnxDescription, { dataset }: Data): void {
  const shape = inputs[0]?.shape?.slice(1) ?? [];
  if (String(shape) !== String(dataset.shape)) {
    const pictures = new Error(`${dataset.shape.join('x')} of ${dataset.name}`);
    throw new SparseError('INVALID_CONFIG', '--dataset', `pictures of ${shape.join('x')}, as ${path} takes them`, pictures);
  }
  if (freetickets?.classes && String(freetickets.classes) !== String(dataset.classes))
    throw new SparseError('INVALID_CONFIG', '--dataset', `the classes of ${path}: ${freetickets.classes.join(', ')}`, dataset.classes);
}
