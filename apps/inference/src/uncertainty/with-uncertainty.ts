// Around a model that answers with what each member says: the measures, the members one after the other, and the counts for drift.
// Models without such an output pass through untouched.

import { SparseError } from '@freetickets/sparse-core';
import type { OnnxModel } from '../model.ts';
import type { Parameters } from '../protocol/raw-tensor.ts';
import type { Signature, Tensor, TensorInfo } from '../tensor.ts';
import type { RunOptions } from '../workers/runner.ts';
import type { ServingCalibration } from './calibration.ts';
import { PARAMETER_NAMES } from './check-parameters.ts';
import type { Counts } from './drift.ts';
import { DriftCounter } from './drift-counter.ts';
import { infoOf, MEASURE_NAMES, type MeasureName, measure, missingFor } from './measures.ts';
import { fromModel, type MemberProbabilities, meanOf, take, toModel } from './member-probabilities.ts';
import { byMembersUsed, type Part, runAnytime } from './run-anytime.ts';
import { type Abilities, isMeasure, MEMBER_OUTPUT, MEMBERS_USED, type Wishes, wishesOf } from './wishes.ts';

export interface UncertainModel extends Signature {
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[], options: RunOptions): Promise<Readonly<Record<string, Tensor>>>;
  /**
   * What all members answered since the last call, for drift; undefined when nothing was or the file has no reference. The mean of fewer
   * members is surer than that of all, so what was answered one by one is not comparable and not counted.
   */
  takeCounts(): Counts | undefined;
}

export interface Surroundings {
  readonly calibration: ServingCalibration | undefined;
  /** Networks of the file; members share one when it has several heads. */
  readonly networks: number;
  /** Opens the networks by themselves; asked once, when the first request wants members one after the other. */
  openParts(): Promise<readonly Part[]>;
}

export function withUncertainty(model: OnnxModel, { calibration, networks, openParts }: Surroundings): UncertainModel {
  const { inputs, outputs } = model;
  const shape = outputs.find(({ name }) => name === MEMBER_OUTPUT)?.shape;
  const [, members = -1, classes = -1] = shape ?? [];
  // Old or foreign files may leave these numbers open; what they are is known once a batch was computed, which is too late to declare.
  if (shape?.length !== 3 || members < 1 || classes < 1) return plain(model);
  const own = outputs.map(({ name }) => name);
  const abilities: Abilities = { own, members, calibration, noAnytime: noAnytime(model, networks) };
  const counter = calibration && new DriftCounter(calibration);
  const declared = [...outputs, ...declaredOutputs(calibration, classes, abilities)];
  const pace: number[] = [];
  let parts: Promise<readonly Part[]> | undefined;

  const allMembers = async (feeds: Readonly<Record<string, Tensor>>, names: readonly string[]) => {
    // The graph computes all of its outputs anyway.
    const answered = await model.run(feeds, [...new Set([...names, MEMBER_OUTPUT])]);
    const { data, shape: dims } = answered[MEMBER_OUTPUT]!;
    return { answered, probabilities: fromModel(data as Float32Array, dims) };
  };
  const oneByOne = async (feeds: Readonly<Record<string, Tensor>>, wishes: Wishes, budgetMs: number | undefined) => {
    parts ??= openParts();
    const answer = await runAnytime(await parts, members, feeds[inputs[0]!.name]!, {
      rule: calibration?.stopping ?? { lead: 1 },
      deadlineMs: Math.min(wishes.deadlineMs ?? Number.POSITIVE_INFINITY, budgetMs ?? Number.POSITIVE_INFINITY),
      pace,
    });
    return { ...answer, groups: byMembersUsed(answer) };
  };

  return {
    inputs,
    outputs: declared,
    takeCounts: () => counter?.take(),
    async run(feeds, named, { parameters, budgetMs }) {
      checkNames(named, declared);
      const wishes = wishesOf(parameters, named, abilities);
      const measures = wishes.outputs.filter(isMeasure);
      const computed: Record<string, Tensor> = {};
      if (wishes.anytime || named.includes(MEMBERS_USED)) {
        const { probabilities, used, groups } = await oneByOne(feeds, wishes, budgetMs);
        Object.assign(computed, joined(groups, measures, probabilities, calibration, wishes));
        computed[MEMBERS_USED] = { datatype: 'INT32', shape: [used.length, 1], data: used };
        computed[MEMBER_OUTPUT] = memberTensor(probabilities, wishes.shownMembers);
      } else if (measures.length === 0 && !counter && wishes.shownMembers === members) {
        return model.run(feeds, wishes.outputs);
      } else {
        const { answered, probabilities } = await allMembers(
          feeds,
          wishes.outputs.filter((name) => own.includes(name)),
        );
        counter?.add(probabilities);
        Object.assign(computed, answered, measure(measures, probabilities, calibration, wishes.levels));
        if (wishes.shownMembers < members) computed[MEMBER_OUTPUT] = memberTensor(probabilities, wishes.shownMembers);
      }
      return Object.fromEntries(wishes.outputs.map((name) => [name, computed[name]!]));
    },
  };
}

/** The measures of samples that were answered by different numbers of members, put together in the order of the samples. */
function joined(
  groups: ReturnType<typeof byMembersUsed>,
  measures: readonly MeasureName[],
  { size, classes }: MemberProbabilities,
  calibration: ServingCalibration | undefined,
  { levels }: Wishes,
): Record<string, Tensor> {
  const result: Record<string, Tensor> = {
    probabilities: { datatype: 'FP32', shape: [size, classes], data: new Float32Array(size * classes) },
  };
  for (const { rows, probabilities } of groups) {
    const mean: Tensor = { datatype: 'FP32', shape: [rows.length, classes], data: meanOf(probabilities) };
    const own = { probabilities: mean, ...measure(measures, probabilities, calibration, levels) };
    for (const [name, { datatype, shape, data }] of Object.entries(own)) {
      const width = shape[1]!;
      result[name] ??= {
        datatype,
        shape: [size, width],
        data: datatype === 'BOOL' ? new Uint8Array(size * width) : new Float32Array(size * width),
      };
      const [from, to] = [data as Float32Array, result[name].data as Float32Array];
      rows.forEach((row, k) => {
        to.set(from.subarray(k * width, (k + 1) * width), row * width);
      });
    }
  }
  return result;
}

function memberTensor(probabilities: MemberProbabilities, count: number): Tensor {
  const { size, classes } = probabilities;
  const rows = Array.from({ length: size }, (_, n) => n);
  return { datatype: 'FP32', shape: [size, count, classes], data: toModel(take(probabilities, rows, count)) };
}

function declaredOutputs(calibration: ServingCalibration | undefined, classes: number, { noAnytime: refusal }: Abilities): TensorInfo[] {
  const used: TensorInfo = { name: MEMBERS_USED, datatype: 'INT32', shape: [-1, 1], onRequest: true };
  // What only lacks a threshold can be had with the parameter `ood_threshold`.
  const possible = MEASURE_NAMES.filter((name) => missingFor(name, calibration, 0) === undefined);
  return [...possible.map((name) => infoOf(name, classes)), ...(refusal ? [] : [used])];
}

function noAnytime({ inputs, outputs }: Signature, networks: number): string | undefined {
  if (networks < 2) return 'a model of several networks, of which some need not be asked';
  if (inputs.length !== 1 || inputs[0]!.datatype !== 'FP32') return 'a model of one FP32 input';
  const others = outputs.find(({ name }) => name !== 'probabilities' && name !== MEMBER_OUTPUT);
  return others && `a model whose only outputs are probabilities and ${MEMBER_OUTPUT}`;
}

function checkNames(named: readonly string[], declared: readonly TensorInfo[]): void {
  for (const name of named)
    if (!declared.some((output) => output.name === name))
      throw new SparseError('INVALID_ARGUMENT', 'outputs', `some of ${declared.map((output) => output.name).join(', ')}`, name);
}

/** A wish that cannot be met is an error, and not an answer without it. */
function plain(model: OnnxModel): UncertainModel {
  const check = (parameters: Parameters) => {
    const wish = PARAMETER_NAMES.find((name) => parameters[name] !== undefined && parameters[name] !== false);
    if (wish !== undefined)
      throw new SparseError('INVALID_ARGUMENT', `parameters.${wish}`, `a model with the output ${MEMBER_OUTPUT}`, parameters[wish]);
  };
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    takeCounts: () => undefined,
    async run(feeds, named, { parameters }) {
      check(parameters);
      return model.run(feeds, named.length > 0 ? named : undefined);
    },
  };
}
