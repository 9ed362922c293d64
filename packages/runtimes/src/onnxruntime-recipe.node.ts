/**
 * How onnxruntime-node gets CUDA: a copy of the npm package, with the provider of PyPI's wheel of the same version beside its binding, which is
 * the one place where onnxruntime looks for it. The onnxruntime-node of other programs stays as it is.
 */
import { join } from 'node:path';
import { checkInChild } from './child-check.node.ts';
import { CUDA_13, placeCudaLibrary } from './cuda.node.ts';
import { chooseCuda } from './cuda-choice.node.ts';
import type { Recipe } from './install.node.ts';
import { PINS } from './pins.ts';
import { checkPlatform } from './platform.node.ts';
import { unpackTarball, unpackWheel } from './unpack.node.ts';

/** Of onnxruntime-node: not the bindings for other platforms, nor the script that would download. */
const BINARIES = 'bin/napi-v6/linux/x64';
const WANTED = new RegExp(`^(package\\.json|LICENSE|dist/.*\\.js|${BINARIES}/.*)$`);
const PROVIDER = /\/(libonnxruntime_providers_(?:cuda|shared)\.so)$/;

export async function onnxruntimeRecipe(): Promise<Recipe> {
  const wheel = PINS['onnxruntime-gpu'];
  const node = PINS['onnxruntime-node'];
  const common = PINS['onnxruntime-common'];
  const gpu = await chooseCuda(CUDA_13);
  return {
    name: 'onnxruntime-cuda',
    about: { onnxruntime: node.version, cuda: '13' },
    pins: [wheel, node, common, ...gpu.pins],
    preload: gpu.preload,
    installedBytes: 340_000_000 + gpu.pins.reduce((sum, { sizeBytes }) => sum + 1.6 * sizeBytes, 0),
    building:
      'unpacking onnxruntime with its provider for CUDA beside it, as it looks nowhere else, and trying whether it loads (a minute or two)',
    async ready() {
      checkPlatform('onnxruntime-cuda');
    },
    async build(folder, fileOf) {
      const home = join(folder, 'node_modules/onnxruntime-node');
      await unpackTarball(fileOf(node), home, (entry) => WANTED.test(entry));
      await unpackTarball(fileOf(common), join(folder, 'node_modules/onnxruntime-common'), (entry) => !entry.endsWith('.map'));
      await unpackWheel(fileOf(wheel), join(home, BINARIES), (entry) => PROVIDER.exec(entry)?.[1]);
      for (const pin of gpu.pins) await unpackWheel(fileOf(pin), folder, placeCudaLibrary);
    },
    // Whether the provider loads depends on the driver too, which is not part of the installation.
    check: (folder) => checkInChild(folder, checkCode(node.version, gpu.preload)),
  };
}

const checkCode = (version: string, preload: readonly string[]): string => `
  preload(${JSON.stringify(preload)});
  const found = load('onnxruntime-node').env.versions.node;
  if (found !== '${version}') throw new Error('onnxruntime-node ' + found);`;
