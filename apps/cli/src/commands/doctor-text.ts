/** What `freetickets doctor` found, on one page for people. */
import type { LibraryStatus, OnnxruntimeStatus, TensorflowStatus } from '@freetickets/runtimes';
import { bytesText } from '@freetickets/sparse-core';
import type { Diagnosis } from './doctor.ts';

export function diagnosisText(d: Diagnosis): string {
  const native = d.native.available ? `yes (${d.native.variants.join(', ')})` : `no: ${d.native.reason}`;
  const { folder, usedBytes, freeBytes } = d.cache;
  const rows = [
    ['processor', `${d.processor}, ${d.processors} usable, ${(d.memoryBytes / 2 ** 30).toFixed(0)} GiB of memory`],
    ['instruction sets', d.features.length === 0 ? 'not known here' : d.features.join(' ')],
    ['engine', d.engine],
    ['native kernels', native],
    ['wasm kernels', d.wasm.available ? 'yes' : `no: ${d.wasm.reason}`],
    ...d.libraries.map(({ name, needs, providers, problem }) => [
      name,
      problem === undefined
        ? `loads (for ${needs})${providers ? `; providers: ${providers.join(', ')}` : ''}`
        : `does not load: ${problem}`,
    ]),
    ['tensorflow', tensorflowText(d.tensorflow)],
    ['onnxruntime-cuda', onnxruntimeText(d.onnxruntimeCuda)],
    ['CUDA 12', librariesText(d.tensorflow.libraries)],
    ['CUDA 13', librariesText(d.onnxruntimeCuda.libraries)],
    ['NVIDIA driver', driverText(d.onnxruntimeCuda)],
    ['cache', `${folder}, ${bytesText(usedBytes)} used${freeBytes === undefined ? '' : `, ${bytesText(freeBytes)} free on its disk`}`],
  ];
  return [
    `freetickets ${d.freetickets}, node ${d.node}, ${d.platform}`,
    ...rows.map(([name, text]) => `${name!.padEnd(18)}${text}`),
    ...(d.problems.length === 0
      ? ['no problems found']
      : d.problems.map(({ problem, remedy }) => `problem: ${problem}\n  to mend it: ${remedy}`)),
  ].join('\n');
}

function tensorflowText({ present, installed, tensorflow, tfjs, cuda, remedy }: TensorflowStatus): string {
  if (!present) return `not installed; for GPUs and train --engine tfjs: ${remedy} (--cuda for GPUs)`;
  const versions = `TensorFlow.js ${tfjs} on TensorFlow ${tensorflow}${cuda ? ' for CUDA 12' : ''}`;
  return installed ? `${versions}, backend tensorflow` : `${versions}, damaged`;
}

function onnxruntimeText({ present, installed, onnxruntime, remedy }: OnnxruntimeStatus): string {
  if (!present) return `not installed; for GPUs: ${remedy}`;
  return installed ? `onnxruntime ${onnxruntime} with the provider cuda` : `onnxruntime ${onnxruntime}, damaged`;
}

function librariesText(libraries: readonly LibraryStatus[]): string {
  if (libraries.length === 0) return 'not used';
  const [found, missing] = [true, false].map((there) =>
    libraries.filter(({ path }) => (path !== undefined) === there).map(({ name }) => name),
  );
  const parts = [found!.length > 0 ? `found ${found!.join(' ')}` : '', missing!.length > 0 ? `missing ${missing!.join(' ')}` : ''];
  return parts.filter((part) => part !== '').join('; ');
}

function driverText({ driver: { library, version, gpus } }: OnnxruntimeStatus): string {
  if (library === undefined) return 'none';
  return `${library}, version ${version ?? 'unknown'}, ${gpus === 1 ? '1 GPU' : `${gpus} GPUs`}`;
}
