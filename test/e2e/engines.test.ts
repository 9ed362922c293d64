/** One ensemble by every engine: the run's tickets and the exported file score alike, and an engine that is not there is an error. */
import { join } from 'node:path';
import type { Evaluation } from '@freetickets/cli';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference, folder, json, remove, run, SMALL } from './command.ts';

const home = folder();
const [RUN, MODEL, HALF, LEFT] = ['run', 'model.onnx', 'half.onnx', 'left.onnx'].map((name) => join(home, name)) as [
  string,
  string,
  string,
  string,
];
const PICTURES = '--limit-per-class 60 --image-size 8'.split(' ');
/** Nothing that is installed on this machine is found there. */
const CACHE = { FREETICKETS_CACHE: join(home, 'cache') };
afterAll(() => remove(home));

beforeAll(async () => {
  const ends = [
    await run(['train', ...SMALL, '--sparsity', '0.9', '--out', RUN]),
    await run(['export', RUN, '-o', MODEL]),
    await run(['export', RUN, '-o', HALF, '--layout', 'grouped', '--precision', 'fp16']),
    await run(['export', RUN, '-o', LEFT, '--no-normalize', '--layout', 'grouped']),
  ];
  for (const { code, stderr } of ends) expect(code, stderr).toBe(0);
});

const evaluate = (what: string, ...args: string[]) => json<Evaluation>('evaluate', what, '--bootstrap', '0', ...args);
interface PredictResult {
  readonly engine: { readonly name: string; readonly why: string };
  readonly predictions: readonly { readonly probabilities: readonly number[] }[];
}

/** Every score of the ensemble and its members, one after the other. */
const figures = ({ ensemble, members }: Evaluation): number[] =>
  [ensemble, ...members].flatMap(({ accuracy, nll, brier, aurc }) => [accuracy, nll, brier, aurc]);

describe('evaluate', () => {
  it('scores the exported model as the run, by either engine', async () => {
    const expected = await evaluate(RUN);
    for (const [model, engine] of [
      [MODEL, 'sparse'],
      [MODEL, 'onnxruntime-cpu'],
      [MODEL, 'auto'],
      [LEFT, 'onnxruntime-cpu'],
      [LEFT, 'sparse'],
    ] as const) {
      const found = await evaluate(model, '--engine', engine, ...PICTURES);
      expect([found.samples, found.data, found.members.length]).toEqual([expected.samples, expected.data, 2]);
      expect(difference(figures(found), figures(expected)), `${model} by ${engine}`).toBeLessThan(1e-4);
    }
  });
  it('in half precision within a percent', async () => {
    const [half, full] = [await evaluate(HALF, '--engine', 'onnxruntime-cpu', ...PICTURES), await evaluate(RUN)];
    expect(difference(figures(half), figures(full))).toBeLessThan(0.01);
    expect(figures(half)).not.toEqual(figures(full));
  });
  it('scores the tickets of a run by onnxruntime as by the sparse engine', async () => {
    const [ours, theirs] = [await evaluate(RUN, '--engine', 'sparse'), await evaluate(RUN, '--engine', 'onnxruntime-cpu')];
    expect(difference(figures(theirs), figures(ours))).toBeLessThan(1e-4);
  });
  it('calibrates an exported model on the same pictures as the run', async () => {
    const wishes = ['--calibrate', '--held-out', '0.3'];
    const [model, own] = [await evaluate(MODEL, ...wishes, ...PICTURES), await evaluate(RUN, ...wishes)];
    expect(model.calibration!.heldOut).toEqual(own.calibration!.heldOut);
    expect(difference(model.calibration!.poolFirst.temperatures, own.calibration!.poolFirst.temperatures)).toBeLessThan(1e-2);
  });
  it.each([
    [
      'other pictures than the model takes',
      [MODEL, '--limit-per-class', '60', '--image-size', '16'],
      '--dataset: expected pictures of 1x8x8',
    ],
    [
      'what looks into members',
      [MODEL, ...PICTURES, '--diversity'],
      '--diversity: expected a run folder, because it looks into the members',
    ],
    ['a data set for a run, which knows its own', [RUN, '--dataset', 'mnist'], '--dataset: expected an exported model'],
    [
      'an engine that trains, for a model',
      [MODEL, ...PICTURES, '--engine', 'reference'],
      '--engine: expected for an exported model auto, sparse',
    ],
    ['gradients by an engine that has none', [RUN, '--engine', 'onnxruntime-cpu', '--attack', 'fgsm'], 'expected to predict, which is all'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await run(['evaluate', ...args]);
    expect(stderr).toContain(message);
    expect(code).not.toBe(0);
  });
});

describe('CUDA that is not installed', () => {
  it.each([
    ['evaluate of a run', ['evaluate', RUN, '--engine', 'onnxruntime-cuda']],
    ['evaluate of a model', ['evaluate', MODEL, ...PICTURES, '--engine', 'onnxruntime-cuda']],
  ])('is an error of %s that names the command', async (_, args) => {
    const { code, stdout, stderr } = await run(args, CACHE);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: onnxruntime-cuda: expected an installation in .*freetickets setup onnxruntime-cuda\n$/);
  });
});

it('predict says the same by every engine, and which it was', async () => {
  const picture = join(home, 'picture.png');
  const pixels = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256);
  await sharp(pixels, { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toFile(picture);
  const ask = (engine: string) => json<PredictResult>('predict', MODEL, '--input', picture, '--engine', engine, '--threads', '1');
  const [ours, theirs] = [await ask('sparse'), await ask('onnxruntime-cpu')];
  expect([ours.engine.name, theirs.engine.name]).toEqual(['sparse', 'onnxruntime-cpu']);
  expect(difference(ours.predictions[0]!.probabilities, theirs.predictions[0]!.probabilities)).toBeLessThan(1e-5);
});

describe('what is not here', () => {
  it('serve says once that CUDA is not installed, and in one sentence', async () => {
    const end = await run(['serve', MODEL, '--engine', 'onnxruntime-cuda', '--port', '0'], CACHE);
    const sentence = `onnxruntime-cuda: expected an installation in ${join(home, 'cache/runtimes')}, received none`;
    expect(end).toEqual({ code: 1, stdout: '', stderr: `error: ${sentence}. Run: freetickets setup onnxruntime-cuda\n` });
  });
  it('train on TensorFlow.js names the slower backend that it takes and what brings the fast one, unless it is to be quiet', async () => {
    const train = (out: string, ...more: string[]) =>
      run(['train', ...SMALL, '--engine', 'tfjs', '--out', join(home, out), ...more], CACHE);
    const [loud, quiet] = [await train('loud'), await train('quiet', '--quiet')];
    expect([loud.code, quiet.code, quiet.stderr]).toEqual([0, 0, '']);
    expect(loud.stderr.match(/^note: .*$/gm)).toEqual([
      'note: the engine tfjs/wasm is used, many times slower than TensorFlow itself: tensorflow is not installed. To bring it: freetickets setup tensorflow',
    ]);
  });
  it('native kernels are missed where something is computed, and not where a run is finished already', async () => {
    const [out, kernels] = [join(home, 'wasm'), { SPARSE_KERNELS: 'wasm' }];
    const note = /^note: The wasm engine is used, several times slower/m;
    expect((await run(['train', ...SMALL, '--out', out], kernels)).stderr).toMatch(note);
    expect(await run(['train', '--resume', out], kernels)).toMatchObject({
      code: 0,
      stderr: `${out} is finished; there is nothing left to train.\n`,
    });
    expect((await run(['evaluate', out, '--bootstrap', '0'], kernels)).stderr).toMatch(note);
  });
});
