/** Which CUDA libraries come from NVIDIA's wheels, because the system does not have them, and what is to be loaded from where. */
import { type CudaPart, systemLibraries } from './cuda.node.ts';
import type { Pin } from './pin.ts';

export interface CudaChoice {
  readonly pins: readonly Pin[];
  /** Paths in the installation, or absolute ones of the system. */
  readonly preload: readonly string[];
}

/** A part comes from one place: the system if that has all of its libraries under their names, which carry the version that fits. */
export async function chooseCuda(parts: readonly CudaPart[], find?: (name: string) => string | undefined): Promise<CudaChoice> {
  const ofSystem = find ?? (await systemLibraries());
  const missing = (part: CudaPart) => part.libraries.some((name) => ofSystem(name) === undefined);
  return {
    pins: parts.filter(missing).map(({ pin }) => pin),
    preload: parts.flatMap((part) => part.libraries.map((name) => (missing(part) ? `cuda/${name}` : ofSystem(name)!))),
  };
}
