/** The CUDA libraries that a runtime needs, in two releases: which wheel of NVIDIA holds them, and whether this machine has them already. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pin } from './pin.ts';
import { PINS } from './pins.ts';
import { run } from './run.node.ts';

export interface CudaPart {
  readonly pin: Pin;
  /** Names under which programs load them; each after those it needs itself. */
  readonly libraries: readonly string[];
}

/** For TensorFlow 2.21, which was built with CUDA 12.5 and cuDNN 9. */
export const CUDA_12: readonly CudaPart[] = [
  { pin: PINS['nvidia-cuda-runtime-cu12'], libraries: ['libcudart.so.12'] },
  { pin: PINS['nvidia-nvjitlink-cu12'], libraries: ['libnvJitLink.so.12'] },
  { pin: PINS['nvidia-cuda-nvrtc-cu12'], libraries: ['libnvrtc.so.12'] },
  { pin: PINS['nvidia-cublas-cu12'], libraries: ['libcublasLt.so.12', 'libcublas.so.12'] },
  { pin: PINS['nvidia-cufft-cu12'], libraries: ['libcufft.so.11'] },
  { pin: PINS['nvidia-cusparse-cu12'], libraries: ['libcusparse.so.12'] },
  { pin: PINS['nvidia-cusolver-cu12'], libraries: ['libcusolver.so.11'] },
  { pin: PINS['nvidia-cudnn-cu12'], libraries: ['libcudnn.so.9'] },
];

/** For onnxruntime 1.30. */
export const CUDA_13: readonly CudaPart[] = [
  { pin: PINS['nvidia-cuda-runtime'], libraries: ['libcudart.so.13'] },
  { pin: PINS['nvidia-nvjitlink'], libraries: ['libnvJitLink.so.13'] },
  { pin: PINS['nvidia-cuda-nvrtc'], libraries: ['libnvrtc.so.13'] },
  { pin: PINS['nvidia-cublas'], libraries: ['libcublasLt.so.13', 'libcublas.so.13'] },
  { pin: PINS['nvidia-cufft'], libraries: ['libcufft.so.12'] },
  { pin: PINS['nvidia-curand'], libraries: ['libcurand.so.10'] },
  { pin: PINS['nvidia-cudnn-cu13'], libraries: ['libcudnn.so.9'] },
];

/** Left out of the wheels: a BLAS for other programs, interfaces of FFTW, solvers for several GPUs, and a second build of nvrtc. */
const UNUSED = /lib(nvblas|cufftw|cusolverMg)\.|\.alt\./;

/** Where the libraries of a wheel go: all into one folder, where they find each other. */
export const placeCudaLibrary = (entry: string): string | undefined => {
  const name = /\/lib\/(lib[^/]+\.so[^/]*)$/.exec(entry)?.[1];
  return name === undefined || UNUSED.test(name) ? undefined : `cuda/${name}`;
};

/**
 * Paths of shared libraries by name, as far as this machine has them outside of our folders: in LD_LIBRARY_PATH, in a CUDA toolkit, or where
 * the system's loader looks.
 */
export async function systemLibraries(environment: NodeJS.ProcessEnv = process.env): Promise<(name: string) => string | undefined> {
  const toolkits = (await readdir('/usr/local').catch(() => [])).filter((name) => /^cuda(-|$)/.test(name)).sort();
  const named = [environment.CUDA_HOME, environment.CUDA_PATH].filter((path) => path !== undefined && path !== '') as string[];
  const folders = [
    ...(environment.LD_LIBRARY_PATH ?? '').split(':').filter((path) => path !== ''),
    ...[...named, ...toolkits.map((name) => join('/usr/local', name))].map((path) => join(path, 'lib64')),
    '/usr/lib/wsl/lib',
  ];
  const cache = await run('/sbin/ldconfig', ['-p']).catch(() => '');
  const known = new Map([...cache.matchAll(/^\s*(\S+) \([^)]*x86-64[^)]*\) => (\S+)$/gm)].map(([, name, path]) => [name!, path!]));
  return (name) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? known.get(name);
}
