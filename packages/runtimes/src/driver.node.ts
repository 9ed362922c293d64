/** NVIDIA's driver: whether it is here, whether it is new enough, and what would mend it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
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

/**
 * @param find where the loader finds a library; default: on this system
 * @param root the folder in which the system's files lie
 */
export async function driverStatus(
  cuda: keyof typeof OLDEST,
  { find, root = '/' }: { readonly find?: (name: string) => string | undefined; readonly root?: string } = {},
): Promise<DriverStatus> {
  const library = (find ?? (await systemLibraries()))('libcuda.so.1');
  const said = await readFile(join(root, 'proc/driver/nvidia/version'), 'utf8').catch(() => '');
  const version = /Kernel Module\s+(?:for \S+\s+)?(\d+(?:\.\d+)+)/.exec(said)?.[1];
  const gpus = (await readdir(join(root, 'proc/driver/nvidia/gpus')).catch(() => [])).length;
  const status = { ...(library !== undefined && { library }), ...(version !== undefined && { version }), gpus };
  // A container sees the host's devices and, unless it was started for GPUs, no driver.
  const inContainer = existsSync(join(root, '.dockerenv')) || version !== undefined;
  if (library === undefined) {
    const remedy = inContainer ? 'start the container with --gpus all' : await howToInstall(root);
    return { ...status, problem: "NVIDIA's driver is missing: there is no libcuda.so.1", remedy };
  }
  if (version === undefined || Number.parseInt(version, 10) >= OLDEST[cuda]) return status;
  const problem = `NVIDIA's driver ${version} is too old: CUDA ${cuda} needs ${OLDEST[cuda]} or later`;
  return { ...status, problem, remedy: await howToInstall(root) };
}

/**
 * @param at what needs the driver
 * @throws SparseError RUNTIME_UNAVAILABLE where it is missing or too old
 */
export function checkDriver(at: string, cuda: keyof typeof OLDEST, { library, version, problem, remedy }: DriverStatus): void {
  if (problem === undefined) return;
  const received = new Error(library === undefined ? 'none: there is no libcuda.so.1' : `version ${version}`);
  const expected = `NVIDIA's driver of version ${OLDEST[cuda]} or later`;
  throw new SparseError('RUNTIME_UNAVAILABLE', at, expected, received, `To mend it: ${remedy}`);
}

async function howToInstall(root: string): Promise<string> {
  const system = await readFile(join(root, 'etc/os-release'), 'utf8').catch(() => '');
  if (/^ID=ubuntu$/m.test(system)) return 'sudo ubuntu-drivers install';
  if (/^ID=debian$/m.test(system)) return 'sudo apt-get install nvidia-driver';
  return 'install the driver from https://www.nvidia.com/drivers';
}
