/** The whole way, by the commands that README shows: train, evaluate, export, predict, serve. Each step uses what the one before it left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset, sourceOf } from '@freetickets/datasets';
import { bestEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import {
  accuracy,
  aurc,
  brier,
  classwiseEce,
  collect,
  debiasedEce,
  disagreement,
  ece,
  meanPairwiseKl,
  memberPrediction,
  nll,
  topKAccuracy,
} from '@freetickets/metrics';
import { describeOnnx } from '@freetickets/onnx-export';
import { loadTicket } from '@freetickets/sparse-core/node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference, folder, json, remove, run, SMALL, start } from './command.ts';

interface Scores {
  readonly accuracy: number;
  readonly nll: number;
  readonly ece: number;
  readonly brier: number;
}
interface Predicted {
  readonly classes: readonly string[];
  readonly predictions: readonly {
    input: string;
    class: string;
    index: number;
    probability: number;
    probabilities: number[];
    members: number[][];
  }[];
}

const DATA = { dataset: 'generated', limitPerClass: 60, size: 8 } as const;
const home = folder();
const RUN = join(home, 'run');
const ENSEMBLE = join(home, 'ensemble.onnx');
const PICTURE = join(home, 'digit.png');
afterAll(() => remove(home));

beforeAll(async () => {
  const train = await run(['train', ...SMALL, '--explore-epochs', '4', '--seed', '5', '--out', RUN, '--json']);
  expect(train.stderr).toMatch(/cost: training [\d.]+ MFLOP, which is 0\.\d{3} of one dense training of 5 epochs/);
  expect(JSON.parse(train.stdout)).toMatchObject({ run: RUN, finished: true, method: 'edst', tickets: [{ index: 0 }, { index: 1 }] });
  expect(train.stdout.trimEnd().split('\n')).toHaveLength(1);
  const { test } = await loadDataset(DATA);
  await sharp(test.images.slice(0, 64), { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toFile(PICTURE);
});

describe('evaluate', () => {
  it('says what a recomputation from the ticket files says', async () => {
    const dataset = await loadDataset(DATA);
    const tickets = await Promise.all([0, 1].map((index) => loadTicket(join(RUN, `tickets/ticket-${index}.safetensors`))));
    await using ensemble = await openEnsemble(
      tickets.map(({ state }) => state),
      { engine: bestEngine() },
    );
    const scores = () =>
      collect({
        accuracy: accuracy(),
        top5: topKAccuracy(5),
        nll: nll(),
        brier: brier(),
        ece: ece(),
        aurc: aurc(),
        eceEqualMass: ece({ edges: 'quantile' }),
        eceClasswise: classwiseEce(),
        eceDebiased: debiasedEce(),
        eceFreetickets: ece({ edges: 'freetickets' }),
      });
    const [together, first, second, apart] = [
      scores(),
      scores(),
      scores(),
      collect({ disagreement: disagreement(), kl: meanPairwiseKl() }),
    ];
    for (const { images, labels, size } of sourceOf(dataset.test, { dataset }).batches({ batchSize: 100 })) {
      const prediction = await ensemble.predict(images, size);
      together.update(prediction, labels);
      first.update(memberPrediction(prediction, 0), labels);
      second.update(memberPrediction(prediction, 1), labels);
      apart.update(prediction, labels);
    }

    const evaluation = await json<{ ensemble: Scores; members: Scores[]; diversity: object }>('evaluate', RUN, '--bootstrap', '0');
    const close = (scores: object) => Object.fromEntries(Object.entries(scores).map(([name, value]) => [name, expect.closeTo(value, 6)]));
    expect(evaluation).toEqual({
      format: 'freetickets.evaluation',
      version: 1,
      tickets: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)],
      data: expect.stringMatching(/^[0-9a-f]{64}$/),
      ensemble: close(together.value()),
      members: [close(first.value()), close(second.value())],
      diversity: close(apart.value()),
      curves: {
        reliability: expect.any(Array),
        riskCoverage: expect.any(Array),
        confidence: { right: expect.any(Array), wrong: expect.any(Array) },
      },
      samples: 600,
      split: 'test',
    });
    expect(JSON.parse(readFileSync(join(RUN, 'results.json'), 'utf8'))).toEqual(evaluation);
  });

  it('has other splits, which do not become the results of the run', async () => {
    const before = readFileSync(join(RUN, 'results.json'), 'utf8');
    expect(await json('evaluate', RUN, '--split', 'valid')).toMatchObject({ samples: 60, split: 'valid' });
    expect(readFileSync(join(RUN, 'results.json'), 'utf8')).toBe(before);
  });

  it('for people is a table', async () => {
    const { stdout } = await run(['evaluate', RUN]);
    expect(stdout).toMatch(
      /^600 samples \(test\), with 95 % .* 1000 bootstrap resamples\n +accuracy +top-5 +NLL +Brier +ECE +AURC\n-.*\nensemble +\d+\.\d\d % .*\n +\d+\.\d\d\.\.\d+\.\d\d .*\nmean member .*\nmember 0 .*\n .*\nmember 1 /,
    );
  });
});

describe('export, predict and serve', () => {
  beforeAll(async () => {
    expect(await json('export', RUN, '--output', ENSEMBLE)).toMatchObject({ output: ENSEMBLE, members: 2, tickets: 2, wanted: 2 });
  });

  it('the file tells its classes, normalisation and scores', async () => {
    const { freetickets } = describeOnnx(readFileSync(ENSEMBLE), ENSEMBLE);
    const { ensemble } = JSON.parse(readFileSync(join(RUN, 'results.json'), 'utf8')) as { ensemble: Scores };
    expect(freetickets).toMatchObject({ members: 2, classes: [...'0123456789'], normalization: { inGraph: true }, metrics: ensemble });
  });

  it('predict names a class, and its probabilities sum to 1', async () => {
    const { classes, predictions } = await json<Predicted>('predict', ENSEMBLE, '--input', PICTURE);
    const { index, class: name, probability, probabilities, members } = predictions[0]!;
    expect(probabilities).toHaveLength(10);
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(probability).toBe(Math.max(...probabilities));
    expect([probabilities[index], classes[index]]).toEqual([probability, name]);
    const mean = probabilities.map((_, k) => (members[0]![k]! + members[1]![k]!) / 2);
    expect(difference(mean, probabilities)).toBeLessThan(1e-6);
  });

  it('one member alone predicts as it does within the ensemble, normalised by the graph or by the caller', async () => {
    const [all] = (await json<Predicted>('predict', ENSEMBLE, '--input', PICTURE)).predictions;
    for (const [member, extra] of [
      [0, []],
      [1, ['--no-normalize']],
    ] as const) {
      const file = join(home, `member-${member}.onnx`);
      expect(await json('export', RUN, '--output', file, '--member', String(member), ...extra)).toMatchObject({ members: 1 });
      const [alone] = (await json<Predicted>('predict', file, '--input', PICTURE)).predictions;
      expect(difference(alone!.probabilities, all!.members[member]!)).toBeLessThan(1e-5);
    }
  });

  it('several pictures are answered in their order, and other sizes fit with --resize', async () => {
    const large = join(home, 'large.png');
    await sharp(PICTURE).resize(24, 16).png().toFile(large);
    const { predictions } = await json<Predicted>('predict', ENSEMBLE, '-i', PICTURE, large, '--resize');
    expect(predictions.map(({ input }) => input)).toEqual([PICTURE, large]);
  });

  it('the server answers what predict says, and ends with exit code 0 when told to', async () => {
    const server = start(['serve', ENSEMBLE, '--port', '0', '--json']);
    await server.said('stdout', /\n/);
    const { address, models } = JSON.parse(server.stdout) as { address: string; models: unknown };
    expect(models).toEqual([{ name: 'ensemble', path: ENSEMBLE }]);
    const get = async (path: string) => (await fetch(`${address}${path}`)).json();
    expect(await get('/v2/health/ready')).toEqual({ ready: true });
    expect(await get('/v2/models/ensemble')).toMatchObject({
      name: 'ensemble',
      inputs: [{ name: 'images', datatype: 'FP32', shape: [-1, 1, 8, 8] }],
    });

    const pixels = Array.from(await sharp(PICTURE).toColourspace('b-w').raw().toBuffer(), (byte) => byte / 255);
    const body = JSON.stringify({
      inputs: [{ name: 'images', datatype: 'FP32', shape: [1, 1, 8, 8], data: pixels }],
      outputs: [{ name: 'probabilities' }],
    });
    const response = await fetch(`${address}/v2/models/ensemble/infer`, { method: 'POST', body });
    const { outputs } = (await response.json()) as { outputs: { name: string; data: number[] }[] };
    const [predicted] = (await json<Predicted>('predict', ENSEMBLE, '--input', PICTURE)).predictions;
    expect(outputs.map(({ name }) => name)).toEqual(['probabilities']);
    expect(difference(outputs[0]!.data, predicted!.probabilities)).toBeLessThan(1e-6);

    expect((await server.kill('SIGTERM')).code).toBe(0);
  });
});

describe('data and doctor', () => {
  it('data says what is in a set', async () => {
    const description = await json('data', '--image-size', '8', '--limit-per-class', '60');
    expect(description).toMatchObject({
      name: 'generated',
      shape: [1, 8, 8],
      train: 540,
      valid: 60,
      test: 600,
      classes: [...'0123456789'],
    });
  });

  it('doctor names the engine that training then uses', async () => {
    const { code, stdout } = await run(['doctor', '--json'], { FREETICKETS_CACHE: home });
    const { engine, problems } = JSON.parse(stdout) as { engine: string; problems: { problem: string; remedy: string }[] };
    expect(engine).toBe((JSON.parse(readFileSync(join(RUN, 'run.json'), 'utf8')) as { engine: string }).engine);
    expect(problems.some(({ problem }) => problem.startsWith('training is slow'))).toBe(!engine.startsWith('native'));
    expect(code).toBe(problems.length === 0 ? 0 : 1);
  });
});
