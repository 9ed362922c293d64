/** What is said of runtimes that are not there, or no longer whole. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, tinyRuntime } from '../test/tiny.ts';
import { planSetup, type RuntimeName } from './install.node.ts';
import { loadOnnxruntime, onnxruntimeStatus } from './onnxruntime.node.ts';
import { loadTensorflow, tensorflowStatus } from './tensorflow.node.ts';

async function installed(name: RuntimeName, about: Readonly<Record<string, string | boolean>>) {
  const tiny = await tinyRuntime();
  const cache = await temporaryFolder();
  const { folder } = await (await planSetup(tiny.recipe({ name, about }), { cache, from: tiny.folder })).run();
  return { cache, folder };
}

describe('nothing installed', () => {
  it('is said with the command that installs it, and loading says the same', async () => {
    const cache = await temporaryFolder();
    const tensorflow = await tensorflowStatus({ cache });
    expect(tensorflow).toMatchObject({ present: false, installed: false, cuda: false, remedy: 'freetickets setup tensorflow' });
    expect(await onnxruntimeStatus({ cache })).toMatchObject({
      present: false,
      installed: false,
      remedy: 'freetickets setup onnxruntime-cuda',
    });
    const sentence = (name: RuntimeName) =>
      `${name}: expected an installation in ${join(cache, 'runtimes')}, received none. Run: freetickets setup ${name}`;
    const error = { code: 'RUNTIME_UNAVAILABLE', message: sentence('tensorflow') };
    await expect(loadTensorflow({ cache })).rejects.toMatchObject(error);
    await expect(loadOnnxruntime({ cache, cuda: true })).rejects.toThrow(sentence('onnxruntime-cuda'));
  });

  it('leaves the onnxruntime-node of the project as it is, with its telemetry off', async () => {
    const ort = await loadOnnxruntime<typeof import('onnxruntime-node')>();
    expect(typeof ort.InferenceSession.create).toBe('function');
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
  });
});

describe('an installation', () => {
  it('says its versions', async () => {
    const { cache, folder } = await installed('tensorflow', { tensorflow: '1', tfjs: '2', cuda: false });
    expect(await tensorflowStatus({ cache })).toEqual({
      present: true,
      installed: true,
      folder,
      libraries: [],
      tensorflow: '1',
      tfjs: '2',
      cuda: false,
    });
  });

  it.each<[RuntimeName, boolean, string]>([
    ['tensorflow', false, 'freetickets setup tensorflow'],
    ['tensorflow', true, 'freetickets setup tensorflow --cuda'],
    ['onnxruntime-cuda', true, 'freetickets setup onnxruntime-cuda'],
  ])('of %s (cuda: %s) that lost a file names it and the command', async (name, cuda, remedy) => {
    const { cache, folder } = await installed(name, { cuda });
    const lost = join(folder, 'lib/number.txt');
    await rm(lost);
    const status = name === 'tensorflow' ? await tensorflowStatus({ cache }) : await onnxruntimeStatus({ cache });
    const load = name === 'tensorflow' ? loadTensorflow({ cache }) : loadOnnxruntime({ cache, cuda: true });
    await expect(load).rejects.toThrow(
      `${name}: expected an installation in ${folder}, received a damaged one: ${lost} is gone. Run: ${remedy}`,
    );
    expect(status).toMatchObject({ present: true, installed: false, problem: `${name} is damaged: ${lost} is gone`, remedy });
  });
});
