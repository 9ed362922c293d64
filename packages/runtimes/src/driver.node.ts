/** NVIDIA's driver: whether it is here, whether it is new enough, and what would mend it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { systemLibraries } from './cuda.node.ts';

export interface DriverStatus {
  /** Path of `libcuda.so.1`. */
  readonly library?: string;
  /** As in 580.65.06; unknown where the system does not say. */
  readonly version?: string;
  readonly gpus: number;
  readonly problem?: string;
  readonly remedy?: string;
}

/** The first driver for any release of this CUDA. */
const OLDEST = { 12: 525, 13: 580 } as const;

export async function driverStatus(cuda: keyof typeof OLDEST): Promise<DriverStatus> {
  const library = (await systemLibraries())('libcuda.so.1');
  const version = /Kernel Module\s+(?:for \S+\s+)?(\d+(?:\.\d+)+)/.exec(
    await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => ''),
  )?.[1];
  const gpus = (await readdir('/proc/driver/nvidia/gpus').catch(() => [])).length;
  const status = { ...(library !== undefined && { library }), ...(version !== undefined && { version }), gpus };
  if (library === undefined)
    return { ...status, problem: "NVIDIA's driver is missing: there is no libcuda.so.1", remedy: await howToInstall(gpus) };
  if (version !== undefined && Number.parseInt(version, 10) < OLDEST[cuda])
    return {
      ...status,
      problem: `NVIDIA's driver ${version} is too old: CUDA ${cuda} needs ${OLDEST[cuda]}`,
      remedy: await howToInstall(0),
    };
  return status;
}

/** A container has the driver of its host, or none. */
async function howToInstall(gpus: number): Promise<string> {
  if (existsSync('/.dockerenv') || gpus > 0) return 'start the container with --gpus all';
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (/^ID=ubuntu$/m.test(system)) return 'sudo ubuntu-drivers install';
  if (/^ID=debian$/m.test(system)) return 'sudo apt-get install nvidia-driver';
  return 'install the driver from https://www.nvidia.com/drivers';
}
