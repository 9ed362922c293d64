/** What both runtimes can say about an installation without loading it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { type CudaPart, systemLibraries } from './cuda.node.ts';
import { damage, type Installation, installation, type RuntimeName } from './install.node.ts';
import { type PlaceOptions, runtimesFolder } from './place.node.ts';

export interface LibraryStatus {
  readonly name: string;
  /** Where it will be loaded from; none when it is missing. */
  readonly path?: string;
}

/** What the status of every runtime says. */
export interface RuntimeStatus {
  /** Whether a setup has been here, although what it installed may be damaged since. */
  readonly present: boolean;
  /** Whether the whole installation is there. */
  readonly installed: boolean;
  /** Of the installation; where it would be, if there is none. */
  readonly folder: string;
  /** That CUDA needs. */
  readonly libraries: readonly LibraryStatus[];
  /** Why it cannot be used as it is meant, when it cannot, and what mends it. */
  readonly problem?: string;
  readonly remedy?: string;
}

interface Found {
  readonly installation: Installation | undefined;
  readonly status: RuntimeStatus;
  /** What is there in place of a whole installation, when there is none. */
  readonly fault?: string;
}

/** @param command of the CLI that installs it */
export async function statusOf(name: RuntimeName, parts: readonly CudaPart[], command: string, options: PlaceOptions): Promise<Found> {
  const found = await installation(name, options);
  if (found === undefined) {
    const libraries = namesIn(parts, await systemLibraries());
    const problem = `${name} is not installed`;
    return {
      installation: found,
      status: { present: false, installed: false, folder: runtimesFolder(options), libraries, problem, remedy: command },
      fault: 'none',
    };
  }
  const { folder, about, preload } = found;
  const paths = new Map(preload.map((path) => [path.split('/').at(-1)!, resolve(folder, path)]));
  const libraries = preload.length === 0 ? [] : namesIn(parts, (library) => paths.get(library));
  const broken = await damage(found);
  if (broken === undefined) return { installation: found, status: { present: true, installed: true, folder, libraries } };
  const remedy = name === 'tensorflow' && about.cuda === true ? `${command} --cuda` : command;
  const problem = `${name} is damaged: ${broken}`;
  return {
    installation: found,
    status: { present: true, installed: false, folder, libraries, problem, remedy },
    fault: `a damaged one: ${broken}`,
  };
}

/** @throws SparseError RUNTIME_UNAVAILABLE unless it is installed and whole */
export function checkInstalled(name: RuntimeName, { installation, status, fault }: Found): Installation {
  if (installation !== undefined && fault === undefined) return installation;
  const { folder, remedy } = status;
  throw new SparseError('RUNTIME_UNAVAILABLE', name, `an installation in ${folder}`, new Error(fault), `Run: ${remedy}`);
}

const namesIn = (parts: readonly CudaPart[], find: (name: string) => string | undefined): LibraryStatus[] =>
  parts
    .flatMap(({ libraries }) => libraries)
    .map((name) => {
      const path = find(name);
      return { name, ...(path !== undefined && existsSync(path) && { path }) };
    });
