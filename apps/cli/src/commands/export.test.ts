/** What `export` writes for servers: the calibration in the file, and a repository. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCalibration, readPbtxt } from '@freetickets/inference';
import { describeOnnx } from '@freetickets/onnx-export';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment.ts';
import { talk } from '../talk.ts';
import { exportRun, exportText } from './export.ts';
import { startRun } from './train.ts';

const silent = talk({ json: false, quiet: true });
const small = { exploreEpochs: '1', refineEpochs: '1', tickets: '2', limitPerClass: '60', engine: 'reference', loaderWorkers: '0' };
let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  await startRun(resolveExperiment({ ...small, method: 'edst', sparsity: '0.8', validation: '0.2' }), at('run'), silent);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const freeticketsOf = async (file: string) => describeOnnx(await readFile(file), file).freetickets!;

describe('export --calibrate', () => {
  it('keeps in the file what was fitted on the validation part, and says it', async () => {
    const options = {
      output: at('calibrated.onnx'),
      normalize: true,
      calibrate: { oodScore: 'mutual_information', falsePositiveRate: 0.1 },
    } as const;
    const result = await exportRun(at('run'), options, silent);
    const kept = parseCalibration((await freeticketsOf(at('calibrated.onnx'))).calibration, 'calibrated.onnx');
    expect(kept).toEqual(result.calibration);
    expect(kept.samples).toBe(0.2 * 600);
    expect(kept.ood).toMatchObject({ score: 'mutual_information', falsePositiveRate: 0.1 });
    expect(kept.stopping!.fullAccuracy - kept.stopping!.accuracy).toBeLessThanOrEqual(0.001 + 1e-12);
    expect(kept.reference.entropy.shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    expect(exportText(result)).toContain('calibrated on 120 validation pictures');
  });
  it('of one member has nothing to stop', async () => {
    const { calibration } = await exportRun(at('run'), { output: at('one.onnx'), normalize: true, member: 1, calibrate: {} }, silent);
    expect(calibration!.stopping).toBeNull();
  });
  it('is not there unless it is asked for', async () => {
    await exportRun(at('run'), { output: at('plain.onnx'), normalize: true }, silent);
    expect((await freeticketsOf(at('plain.onnx'))).calibration).toBeNull();
  });
});

describe('export --triton', () => {
  it('writes the configuration, the labels and the model where servers look for them', async () => {
    const triton = { folder: at('models'), name: 'digits' };
    const { output } = await exportRun(at('run'), { triton, normalize: true }, silent);
    expect(output).toBe(at('models/digits/1/model.onnx'));
    expect((await readdir(at('models/digits'))).sort()).toEqual(['1', 'config.pbtxt', 'labels.txt']);
    const config = readPbtxt(await readFile(at('models/digits/config.pbtxt'), 'utf8'), 'config.pbtxt');
    expect(config).toMatchObject({
      name: 'digits',
      platform: 'onnxruntime_onnx',
      max_batch_size: 64,
      input: [{ name: 'images', data_type: 'TYPE_FP32', dims: [1, 16, 16] }],
      output: [
        { name: 'probabilities', data_type: 'TYPE_FP32', dims: [10], label_filename: 'labels.txt' },
        { name: 'member_probabilities', data_type: 'TYPE_FP32', dims: [2, 10] },
      ],
    });
    const labels = (await readFile(at('models/digits/labels.txt'), 'utf8')).trimEnd().split('\n');
    expect(labels).toEqual((await freeticketsOf(output)).classes);
  });
  it('is called like the run folder where nothing else is said', async () => {
    expect((await exportRun(at('run'), { triton: { folder: at('models') }, normalize: true }, silent)).output).toBe(
      at('models/run/1/model.onnx'),
    );
  });
  it.each<[string, object, string]>([
    ['two places', { output: 'a.onnx', triton: { folder: 'b' } }, '--output: expected either it or --triton, received both'],
    ['no place', {}, '--output: expected either it or --triton, received neither'],
    ['a name that leaves the folder', { triton: { folder: 'b', name: '../c' } }, '--name: expected letters, digits'],
    ['a state dict', { triton: { folder: 'b' }, format: 'pytorch', member: 0 }, '--triton: expected it with the format onnx only'],
    [
      'a calibrated state dict',
      { output: 'b', format: 'pytorch', member: 0, calibrate: {} },
      '--calibrate: expected it with the format onnx',
    ],
  ])('refuses %s', async (_, options, message) => {
    await expect(exportRun(at('run'), { normalize: true, ...options }, silent)).rejects.toThrow(message);
  });
});
