import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiler, temporaryFolder, writeFiles } from '../test/tiny.ts';
import { CUDA_12, CUDA_13, placeCudaLibrary, systemLibraries } from './cuda.node.ts';
import { chooseCuda } from './cuda-choice.node.ts';
import { checkDriver, driverStatus } from './driver.node.ts';

const from = (names: readonly string[]) => (name: string) => (names.includes(name) ? `/system/${name}` : undefined);
const namesOf = (pins: readonly { name: string }[]) => pins.map(({ name }) => name);

describe('which CUDA libraries are fetched', () => {
  it('all, where the system has none', async () => {
    const { pins, preload } = await chooseCuda(CUDA_13, from([]));
    expect(namesOf(pins)).toEqual(namesOf(CUDA_13.map(({ pin }) => pin)));
    expect(preload).toEqual(CUDA_13.flatMap(({ libraries }) => libraries).map((name) => `cuda/${name}`));
  });

  it('none, where the system has those of the version', async () => {
    const { pins, preload } = await chooseCuda(CUDA_12, from(CUDA_12.flatMap(({ libraries }) => libraries)));
    expect(pins).toEqual([]);
    expect(preload.every((path) => path.startsWith('/system/'))).toBe(true);
  });

  it('those of another version do not count, and half a part does not either', async () => {
    const { pins, preload } = await chooseCuda(CUDA_13, from(['libcudart.so.13', 'libcublas.so.12', 'libcublasLt.so.13', 'libcudnn.so.8']));
    expect(namesOf(pins)).toEqual(namesOf(CUDA_13.map(({ pin }) => pin)).filter((name) => name !== 'nvidia-cuda-runtime'));
    expect(preload.filter((path) => path.startsWith('/'))).toEqual(['/system/libcudart.so.13']);
  });
});

describe('what is taken out of the wheels of NVIDIA', () => {
  it.each([
    ['nvidia/cublas/lib/libcublasLt.so.12', 'cuda/libcublasLt.so.12'],
    ['nvidia/cu13/lib/libcudnn_graph.so.9', 'cuda/libcudnn_graph.so.9'],
    ['nvidia/cu13/lib/libnvrtc-builtins.so.13.0', 'cuda/libnvrtc-builtins.so.13.0'],
    ['nvidia/cublas/lib/libnvblas.so.12', undefined],
    ['nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.12', undefined],
    ['nvidia/cublas/include/cublas.h', undefined],
    ['nvidia_cublas_cu12-12.8.4.1.dist-info/METADATA', undefined],
  ])('%s: %s', (entry, place) => {
    expect(placeCudaLibrary(entry)).toBe(place);
  });
});

describe.runIf(process.platform === 'linux')('libraries of the system', () => {
  it('are found where a variable says, in a toolkit, and where the loader looks', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'one/libalpha.so.1': '', 'kit/lib64/libbeta.so.2': '' });
    const find = await systemLibraries({ LD_LIBRARY_PATH: `/nowhere::${join(folder, 'one')}`, CUDA_HOME: join(folder, 'kit') });
    expect(find('libalpha.so.1')).toBe(join(folder, 'one/libalpha.so.1'));
    expect(find('libbeta.so.2')).toBe(join(folder, 'kit/lib64/libbeta.so.2'));
    expect(find('libgamma.so.3')).toBeUndefined();
  });

  it.runIf(compiler)('a stub of the driver, made by the C compiler, counts as a driver of unknown version', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'stub.c': 'int cuInit(unsigned flags) { return 100; }' });
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', 'libcuda.so.1', 'stub.c'], { cwd: folder });
    const find = await systemLibraries({ LD_LIBRARY_PATH: folder });
    expect(await driverStatus(13, { find, root: folder })).toEqual({ library: join(folder, 'libcuda.so.1'), gpus: 0 });
  });
});

describe('the driver', () => {
  const none = () => undefined;
  const some = (name: string) => `/lib/${name}`;
  const version = (number: string) =>
    `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  ${number}  Release Build  (builder@host)\nGCC version:  gcc version 12.2.0\n`;
  const machine = async (files: Readonly<Record<string, string>>) => {
    const root = await temporaryFolder();
    await writeFiles(root, files);
    return root;
  };

  it.each([
    ['Debian', { 'etc/os-release': 'NAME="Debian"\nID=debian\n' }, 'sudo apt-get install nvidia-driver'],
    ['Ubuntu', { 'etc/os-release': 'ID=ubuntu\nID_LIKE=debian\n' }, 'sudo ubuntu-drivers install'],
    ['another system', { 'etc/os-release': 'ID=arch\n' }, 'install the driver from https://www.nvidia.com/drivers'],
    ['a container', { 'etc/os-release': 'ID=debian\n', '.dockerenv': '' }, 'start the container with --gpus all'],
  ])('is missing on %s, and what mends it is said', async (_name, files, remedy) => {
    const status = await driverStatus(13, { find: none, root: await machine(files) });
    expect(status).toEqual({ gpus: 0, problem: "NVIDIA's driver is missing: there is no libcuda.so.1", remedy });
    expect(() => checkDriver('onnxruntime-cuda', 13, status)).toThrow(
      `onnxruntime-cuda: expected NVIDIA's driver of version 580 or later, received none: there is no libcuda.so.1. To mend it: ${remedy}`,
    );
  });

  it('is too old for one CUDA and new enough for another', async () => {
    const root = await machine({
      'proc/driver/nvidia/version': version('570.124.06'),
      'proc/driver/nvidia/gpus/0000:01:00.0/information': '',
    });
    const found = { library: '/lib/libcuda.so.1', version: '570.124.06', gpus: 1 };
    expect(await driverStatus(12, { find: some, root })).toEqual(found);
    expect(() => checkDriver('tensorflow', 12, found)).not.toThrow();
    const old = await driverStatus(13, { find: some, root });
    expect(() => checkDriver('onnxruntime-cuda', 13, old)).toThrow(
      'driver of version 580 or later, received version 570.124.06. To mend it: ',
    );
    expect(old).toMatchObject({
      ...found,
      problem: "NVIDIA's driver 570.124.06 is too old: CUDA 13 needs 580 or later",
    });
  });

  it('of version 580 serves CUDA 13', async () => {
    const root = await machine({
      'proc/driver/nvidia/version': version('580.65.06').replace('Open Kernel Module for x86_64', 'x86_64 Kernel Module'),
    });
    expect(await driverStatus(13, { find: some, root })).toEqual({ library: '/lib/libcuda.so.1', version: '580.65.06', gpus: 0 });
  });
});
