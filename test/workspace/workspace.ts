/** The packages of this workspace as their folders and package.json files describe them; the tests beside this file hold them to the rules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** File by condition; a package may have other files for browsers. */
export interface Conditions {
  readonly browser?: Conditions;
  readonly [condition: string]: string | Conditions | undefined;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly exports: Readonly<Record<string, Conditions>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** As in `packages/metrics`. */
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

const read = (folder: string): WorkspacePackage => {
  const path = join(root, folder);
  return { folder, path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest };
};

const inside = (parent: string): WorkspacePackage[] =>
  readdirSync(join(root, parent))
    .filter((name) => existsSync(join(root, parent, name, 'package.json')))
    .map((name) => read(`${parent}/${name}`));

export const libraries: readonly WorkspacePackage[] = inside('packages');
const apps: readonly WorkspacePackage[] = inside('apps');
/** What is published: libraries and apps. */
export const published: readonly WorkspacePackage[] = [...libraries, ...apps];

/** The lines of the first fenced block of code in a package's README, and the line (from 1) on which it begins. */
export function firstExample({ path }: WorkspacePackage): { readonly language: string; readonly code: string; readonly line: number } {
  const lines = readFileSync(join(path, 'README.md'), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith('```'));
  const end = lines.indexOf('```', start + 1);
  return { language: lines[start]?.slice(3) ?? '', code: `${lines.slice(start + 1, end).join('\n')}\n`, line: start + 1 };
}
