/** What both runtimes can say about an installation without loading it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CudaPart, systemLibraries } from './cuda.node.ts';
import { damage, type Installation, installation, type RuntimeName } from './install.node.ts';
import { type PlaceOptions, runtimesFolder } from './place.node.ts';

export interface LibraryStatus {
  readonly name: string;
  /** Where it will be loaded from; none when it is missing. */
  readonly path?: string;
}

interface InstallationStatus {
  readonly present: Installation | undefined;
  readonly installed: boolean;
  readonly folder: string;
  readonly libraries: readonly LibraryStatus[];
  readonly problem?: string;
  readonly remedy?: string;
}

export async function statusOf(name: RuntimeName, parts: readonly CudaPart[], command: string, options: PlaceOptions): Promise<InstallationStatus> {
  const present = await installation(name, options);
  if (present === undefined) {
    const libraries = await namesIn(parts, await systemLibraries());
    return { present, installed: false, folder: runtimesFolder(options), libraries, problem: `${name} is not installed`, remedy: command };
  }
  const { folder, about } = present;
  const paths = new Map(present.preload.map((path) => [path.split('/').at(-1)!, resolve(folder, path)]));
  const broken = await damage(present);
  const libraries = present.preload.length === 0 ? [] : namesIn(parts, (library) => paths.get(library));
  if (broken === undefined) return { present, installed: true, folder, libraries };
  const remedy = name === 'tensorflow' && about.cuda === true ? `${command} --cuda` : command;
  return { present, installed: false, folder, libraries, problem: `${name} is damaged: ${broken}`, remedy };
}

const namesIn = (parts: readonly CudaPart[], find: (name: string) => string | undefined): LibraryStatus[] =>
  parts
    .flatMap(({ libraries }) => libraries)
    .map((name) => {
      const path = find(name);
      return { name, ...(path !== undefined && existsSync(path) && { path }) };
    });
