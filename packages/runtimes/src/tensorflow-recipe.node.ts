/**
 * How TensorFlow.js gets a present TensorFlow: the libraries of PyPI's wheel, the JavaScript and the binding's C++ of npm's tfjs-node-gpu (the
 * same for CPU and GPU), compiled here against those libraries, which it finds by a RUNPATH relative to itself.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { checkInChild } from './child-check.node.ts';
import { CUDA_12, placeCudaLibrary } from './cuda.node.ts';
import { chooseCuda } from './cuda-choice.node.ts';
import type { Recipe } from './install.node.ts';
import type { Pin } from './pin.ts';
import { PINS } from './pins.ts';
import { checkPlatform } from './platform.node.ts';
import { run } from './run.node.ts';
import { unpackTarball, unpackWheel } from './unpack.node.ts';

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const FLAGS = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'];
/** The headers of TensorFlow's C interface, and what they include. */
const HEADER = /^tensorflow\/(include\/(?:tensorflow\/c|xla\/tsl\/c)\/.*|include\/(?:tensorflow\/core|tsl)\/platform\/ctstring.*)$/;
/** Of the packages of TensorFlow.js: what Node loads, without the builds for browsers, source maps and tests. */
const WANTED = /^(package\.json|LICENSE|dist\/tf[\w-]*\.node\.js)$/;
const WANTED_OF_TFJS_NODE = /^(package\.json|LICENSE|binding\/.*|dist\/(?!.*_test\.js).*\.js)$/;

const TFJS: readonly Pin[] = [
  PINS['@tensorflow/tfjs'],
  PINS['@tensorflow/tfjs-core'],
  PINS['@tensorflow/tfjs-layers'],
  PINS['@tensorflow/tfjs-converter'],
  PINS['@tensorflow/tfjs-data'],
  PINS['@tensorflow/tfjs-backend-cpu'],
  PINS['@tensorflow/tfjs-backend-webgl'],
];
const TFJS_NODE = PINS['@tensorflow/tfjs-node-gpu'];
/** What those load in turn. node-fetch is not among them: Node has fetch. */
const OTHERS: readonly Pin[] = [PINS['google-protobuf'], PINS.long, PINS.progress, PINS.seedrandom];

/** tfjs-node asks node-pre-gyp where its binding is, which would come with thirty packages. */
const FINDER = "exports.find = (manifest) => require('node:path').join(manifest, '../lib/napi-v8/tfjs_binding.node');\n";

export async function tensorflowRecipe({ cuda }: { readonly cuda: boolean }): Promise<Recipe> {
  const wheel = cuda ? PINS.tensorflow : PINS['tensorflow-cpu'];
  const gpu = cuda ? await chooseCuda(CUDA_12) : { pins: [], preload: [] };
  return {
    name: 'tensorflow',
    about: { tensorflow: wheel.version, tfjs: TFJS_NODE.version, cuda },
    pins: [wheel, ...gpu.pins, ...TFJS, TFJS_NODE, ...OTHERS],
    preload: gpu.preload,
    installedBytes: (cuda ? 1_240_000_000 : 880_000_000) + gpu.pins.reduce((sum, { sizeBytes }) => sum + 1.6 * sizeBytes, 0),
    building: `compiling the binding of TensorFlow.js for this TensorFlow, as npm has none, and trying it (${cuda ? 'some minutes' : 'a minute or two'})`,
    async ready() {
      checkPlatform('tensorflow');
      for (const tool of [compiler(), ['strip']]) await needTool(tool);
    },
    async build(folder, fileOf) {
      await unpackWheel(fileOf(wheel), folder, placeTensorflow);
      for (const pin of gpu.pins) await unpackWheel(fileOf(pin), folder, placeCudaLibrary);
      for (const pin of TFJS) await unpackTarball(fileOf(pin), packageIn(folder, pin.name), (entry) => WANTED.test(entry));
      await unpackTarball(fileOf(TFJS_NODE), packageIn(folder, TFJS_NODE.name), (entry) => WANTED_OF_TFJS_NODE.test(entry));
      for (const pin of OTHERS) await unpackTarball(fileOf(pin), packageIn(folder, pin.name));
      const finder = join(packageIn(folder, '@mapbox/node-pre-gyp'), 'index.js');
      await mkdir(dirname(finder), { recursive: true });
      await writeFile(finder, FINDER);
      for (const library of LIBRARIES) await run('strip', ['--strip-unneeded', join(folder, 'lib', library)]);
      await compileBinding(folder);
    },
    check: (folder) => checkInChild(folder, checkCode(wheel.version, gpu.preload)),
  };
}

const packageIn = (folder: string, name: string): string => join(folder, 'node_modules', name);

/** `CXX` may name a wrapper too, as in `ccache g++`. */
const compiler = (): string[] => (process.env.CXX || 'g++').split(' ');

async function needTool([tool, ...first]: readonly string[]): Promise<void> {
  await run(tool!, [...first, '--version']).catch((cause: Error) => {
    throw new SparseError(
      'RUNTIME_UNAVAILABLE',
      tool!,
      'a C++ compiler and its tools',
      new Error('none'),
      'Install g++, such as by: sudo apt-get install g++',
      { cause },
    );
  });
}

function placeTensorflow(entry: string): string | undefined {
  const library = LIBRARIES.find((name) => entry === `tensorflow/${name}`);
  return library === undefined ? HEADER.exec(entry)?.[1] : `lib/${library}`;
}

/** Compiles tfjs_binding.node; afterwards neither the C++ nor the headers are needed. */
async function compileBinding(folder: string): Promise<void> {
  const home = packageIn(folder, TFJS_NODE.name);
  const addon = join(home, 'lib/napi-v8/tfjs_binding.node');
  await mkdir(dirname(addon), { recursive: true });
  const sources = (await readdir(join(home, 'binding'))).filter((file) => file.endsWith('.cc')).map((file) => join(home, 'binding', file));
  const { include_dir: nodeHeaders } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  const includes = [nodeHeaders, join(folder, 'include'), home].map((path) => `-I${path}`);
  const links = [`-L${join(folder, 'lib')}`, ...LIBRARIES.map((library) => `-l:${library}`)];
  const runpath = `-Wl,-rpath,$ORIGIN/${'../'.repeat(5)}lib`; // from lib/napi-v8 of @tensorflow/tfjs-node-gpu in node_modules
  const [command, ...first] = compiler();
  await run(command!, [...first, ...FLAGS, ...includes, ...sources, '-o', addon, ...links, runpath]);
  for (const path of [join(folder, 'include'), join(home, 'binding')]) await rm(path, { recursive: true });
}

const checkCode = (version: string, preload: readonly string[]): string => `
  const util = require('node:util');
  util.isNullOrUndefined ??= (value) => value == null;
  util.isArray ??= Array.isArray;
  preload(${JSON.stringify(preload)});
  const tf = load('@tensorflow/tfjs-node-gpu');
  const found = tf.backend().binding.TF_Version;
  const four = tf.matMul([[1, 1]], [[1], [3]]).dataSync()[0];
  if (found !== '${version}' || four !== 4) throw new Error('TensorFlow ' + found + ' computes ' + four);`;
