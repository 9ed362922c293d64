/** Exported files in onnxruntime, with everything around them that their metadata allow. */
import { fileURLToPath } from 'node:url';
import { conformalSets, uncertaintyDecomposition } from '@freetickets/metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, ensembleFile, MEMBERS, randomImages } from '../../testing/ensemble-file.ts';
import type { Parameters } from '../protocol/raw-tensor.ts';
import { predictorFor, type ServingCalibration } from './calibration.ts';
import { fromModel, meanOf, take } from './member-probabilities.ts';
import { type OpenUncertainModel, openUncertain } from './open-uncertain.ts';
import { leadOf } from './stopping-rule.ts';

const SIZE = 50;
const images = randomImages(SIZE, 'test');
let file: Awaited<ReturnType<typeof ensembleFile>>;
let model: OpenUncertainModel;
let bare: OpenUncertainModel;
let calibration: ServingCalibration;

beforeAll(async () => {
  file = await ensembleFile();
  ({ calibration } = file);
  model = await openUncertain(file.path, { threads: 1, engine: 'onnxruntime-cpu' });
  bare = await openUncertain(file.plain, { threads: 1 });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await bare[Symbol.asyncDispose]();
  await file.remove();
});

const run = (parameters: Parameters, outputs: string[] = [], of = model, budgetMs?: number) =>
  of.run({ images }, outputs, { parameters, ...(budgetMs !== undefined && { budgetMs }) });
const numbers = (tensor: { data: unknown } | undefined) => tensor!.data as Float32Array;
const near = (found: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(found.length).toBe(wanted.length);
  expect(Math.max(...Array.from(found, (value, k) => Math.abs(value - wanted[k]!)))).toBeLessThan(1e-6);
};
const memberAnswers = async () => {
  const { member_probabilities: tensor } = await run({}, ['member_probabilities']);
  return fromModel(numbers(tensor), tensor!.shape);
};

describe('an exported ensemble', () => {
  it('answers as the file does where nothing more is asked', async () => {
    const found = await run({});
    expect(Object.keys(found)).toEqual(['probabilities', 'member_probabilities']);
    expect(found.member_probabilities!.shape).toEqual([SIZE, MEMBERS, CLASSES]);
    near(numbers(found.probabilities), meanOf(await memberAnswers()));
  });
  it('declares every measure, as answered on request only', () => {
    const onRequest = model.outputs.filter((output) => output.onRequest).map(({ name }) => name);
    expect(onRequest).toHaveLength(11);
    expect(onRequest).toContain('members_used');
    expect(model.classes).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
  it('gives with `uncertainty` all measures, equal to those of the metrics package within 1e-6', async () => {
    const found = await run({ uncertainty: true });
    expect(Object.keys(found)).toEqual(model.outputs.map(({ name }) => name).filter((name) => name !== 'members_used'));
    const all = await memberAnswers();
    const { total, aleatoric, epistemic } = uncertaintyDecomposition(all.values, MEMBERS, CLASSES);
    near(numbers(found.predictive_entropy), total);
    near(numbers(found.aleatoric_entropy), aleatoric);
    near(numbers(found.mutual_information), epistemic);
    for (const { name, datatype, shape } of model.outputs.filter((output) => output.onRequest && output.name in found)) {
      expect(found[name]!.datatype).toBe(datatype);
      expect(found[name]!.shape).toEqual([SIZE, ...shape.slice(1)]);
    }
  });
  it('makes the conformal set at the level asked for', async () => {
    const all = meanOf(await memberAnswers());
    for (const [alpha, conformal] of [
      [0.1, 'aps'],
      [0.3, 'thr'],
    ] as const) {
      const { conformal_set: found } = await run({ alpha, conformal }, ['conformal_set']);
      const { inside } = conformalSets(predictorFor(calibration.conformal, conformal, alpha), all, CLASSES);
      expect([...numbers(found)]).toEqual([...inside]);
    }
  });
  it('takes another OOD threshold, and answers with it alone', async () => {
    const found = await run({ ood_threshold: 1 });
    expect(Object.keys(found)).toEqual(['probabilities', 'member_probabilities', 'ood_score', 'ood']);
    expect([...numbers(found.ood)]).toEqual([...numbers(found.ood_score)].map((score) => (score > 1 ? 1 : 0)));
    expect(new Set(numbers(found.ood)).size).toBe(2);
  });
  it('shows the first members, or none', async () => {
    const { member_probabilities: two } = await run({ members: 2 });
    expect(two!.shape).toEqual([SIZE, 2, CLASSES]);
    const rows = Array.from({ length: SIZE }, (_, n) => n);
    expect(fromModel(numbers(two), two!.shape)).toEqual(take(await memberAnswers(), rows, 2));
    expect(Object.keys(await run({ members: false }))).toEqual(['probabilities']);
  });
});

describe('members one after the other', () => {
  it('stop by the rule of the file, and answer with the mean of those asked', async () => {
    const all = await memberAnswers();
    const found = await run({ anytime: true, uncertainty: true, members: true });
    const used = found.members_used!.data as Int32Array;
    expect(new Set(used).size).toBeGreaterThan(1);
    const { lead } = calibration.stopping!;
    used.forEach((count, n) => {
      const one = take(all, [n], count);
      near(numbers(found.probabilities).subarray(n * CLASSES, (n + 1) * CLASSES), meanOf(one));
      const { total } = uncertaintyDecomposition(one.values, count, CLASSES);
      near(numbers(found.predictive_entropy).subarray(n, n + 1), total);
      for (let k = 1; k <= count; k++) {
        const sums = meanOf(take(all, [n], k)).map((p) => p * k);
        expect(leadOf(sums, 0, CLASSES, k, MEMBERS) >= lead).toBe(k === count);
      }
      const shown = numbers(found.member_probabilities).subarray(n * MEMBERS * CLASSES, (n + 1) * MEMBERS * CLASSES);
      expect(shown.subarray(count * CLASSES).every((p) => p === 0)).toBe(true);
    });
  });
  it('answer alike whichever engine computes', async () => {
    await using sparse = await openUncertain(file.path, { threads: 1, engine: 'sparse' });
    const [own, other] = [await run({ anytime: true }, [], sparse), await run({ anytime: true })];
    expect(sparse.engine.name).toBe('sparse');
    expect(own.members_used!.data).toEqual(other.members_used!.data);
    expect(Math.max(...numbers(own.probabilities).map((p, k) => Math.abs(p - numbers(other.probabilities)[k]!)))).toBeLessThan(1e-5);
  });
  it('are cut short by a budget, but for the first', async () => {
    await run({ anytime: true }); // from now on it is known what a member costs
    const { members_used: used } = await run({ anytime: true }, [], model, 1e-6);
    expect(new Set(used!.data as Int32Array)).toEqual(new Set([1]));
  });
  it('without a calibration go on until nothing can change', async () => {
    const { probabilities, members_used: used } = await run({ anytime: true }, [], bare);
    const whole = meanOf(await memberAnswers());
    const top = (values: Float32Array, n: number) => {
      const row = [...values.subarray(n * CLASSES, (n + 1) * CLASSES)];
      return row.indexOf(Math.max(...row));
    };
    for (let n = 0; n < SIZE; n++) expect(top(numbers(probabilities), n)).toBe(top(whole, n));
    expect((used!.data as Int32Array).some((count) => count < MEMBERS)).toBe(true);
  });
});

describe('drift counts', () => {
  it('hold every answer of all members once, in the bins of the reference, and are gone when taken', async () => {
    model.takeCounts();
    await run({});
    await run({ anytime: true });
    const counts = model.takeCounts()!;
    for (const measure of ['entropy', 'confidence', 'ood_score'] as const) {
      expect(counts[measure]).toHaveLength(calibration.reference[measure].shares.length);
      expect(counts[measure].reduce((a, b) => a + b, 0)).toBe(SIZE);
    }
    expect(model.takeCounts()).toBeUndefined();
    await run({}, [], bare);
    expect(bare.takeCounts()).toBeUndefined();
  });
});

describe('what cannot be had', () => {
  it.each<[string, Parameters, string[], string]>([
    ['more members than there are', { members: 9 }, [], 'parameters.members: expected at most 4'],
    ['a level below those calibrated', { alpha: 1e-9 }, [], 'parameters.alpha: expected a number of at least 0.001'],
    ['text for a number', { alpha: '0.1' }, [], 'parameters.alpha: expected a number between 0 and 1'],
    ['an unknown method', { conformal: 'lac' }, [], 'parameters.conformal: expected one of thr, aps, raps'],
    ['an unknown output', {}, ['entropy'], 'outputs: expected some of probabilities'],
  ])('is refused: %s', async (_, parameters, outputs, message) => {
    await expect(run(parameters, outputs)).rejects.toThrow(message);
  });
  it('a file without a calibration gives what needs none, and says so for the rest', async () => {
    expect(Object.keys(await run({ uncertainty: true }, [], bare))).not.toContain('conformal_set');
    expect(Object.keys(await run({ ood_threshold: 0.5 }, [], bare))).toContain('ood');
    await expect(run({}, ['ood'], bare)).rejects.toThrow('output ood: expected the parameter ood_threshold, or a calibration');
    await expect(run({ alpha: 0.1 }, [], bare)).rejects.toThrow('output conformal_set: expected a calibration in the model file');
  });
  it('a model without members answers as it is, and refuses wishes', async () => {
    const path = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-types.onnx', import.meta.url));
    await using other = await openUncertain(path, { threads: 1 });
    expect(other.outputs.map(({ name }) => name)).toEqual(['logs', 'doubled', 'negated', 'same_words']);
    await expect(other.run({}, [], { parameters: { uncertainty: true } })).rejects.toThrow(
      'parameters.uncertainty: expected a model with the output member_probabilities',
    );
  });
});
