/**
 * Installs a runtime: plans, downloads, builds in a folder beside, checks it in a process of its own, renames it into place, and last writes the
 * manifest that makes it count. Whatever ends this in between, kill -9 too, leaves what was there before; broken downloads are gone on with.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import type { DownloadOptions } from './download.node.ts';
import { lockFolder } from './lock-folder.node.ts';
import type { Pin } from './pin.ts';
import { type PlaceOptions, runtimesFolder } from './place.node.ts';

export type RuntimeName = 'tensorflow' | 'onnxruntime-cuda';

export interface Recipe {
  readonly name: RuntimeName;
  /** What a person may want to know of it; a change of it makes another installation. */
  readonly about: Readonly<Record<string, string | boolean>>;
  readonly pins: readonly Pin[];
  /** Libraries to load before the runtime, in this order: paths in the installation, or absolute ones of the system. */
  readonly preload: readonly string[];
  /** Roughly; needed on the disk beside the downloads. */
  readonly installedBytes: number;
  /** What `build` and `check` do and why, and about how long it takes. */
  readonly building: string;
  /** Asked before anything is fetched. @throws SparseError RUNTIME_UNAVAILABLE where it cannot be built, such as without a compiler */
  ready(): Promise<void>;
  /** Makes the installation in an empty folder. */
  build(folder: string, fileOf: (pin: Pin) => string): Promise<void>;
  /** Loads it in another process. @throws Error */
  check(folder: string): Promise<void>;
}

export interface Manifest {
  readonly name: RuntimeName;
  readonly id: string;
  readonly about: Recipe['about'];
  readonly preload: readonly string[];
  /** Sizes in bytes, by path in the folder. */
  readonly files: Readonly<Record<string, number>>;
}

export interface Installation extends Manifest {
  /** Absolute. */
  readonly folder: string;
}

export interface SetupOptions extends PlaceOptions {
  /** A folder with the files, in place of the network. */
  readonly from?: string;
}

type Telling = Pick<DownloadOptions, 'onProgress' | 'onTrouble' | 'signal'>;

/** What will be done, and the doing of it. */
export interface Setup {
  readonly name: RuntimeName;
  readonly about: Recipe['about'];
  /** Nothing is to be done. */
  readonly upToDate: boolean;
  /** What is to be fetched; empty with `from`. */
  readonly downloads: readonly Pin[];
  readonly downloadBytes: number;
  readonly installedBytes: number;
  /** Where. */
  readonly folder: string;
  /** @throws SparseError as the steps do, DISK_FULL, ALREADY_EXISTS while another setup runs; AbortError */
  run(options?: Telling & { onStep?: (what: string) => void }): Promise<Installation>;
  /** Only fetches the files, into a folder that `from` takes. */
  fetch(folder: string, options?: Telling): Promise<void>;
}

/** Raised whenever the same files are made into something else. */
const VERSION = 1;

export async function planSetup(recipe: Recipe, { from, ...place }: SetupOptions = {}): Promise<Setup> {
  const { name, about, pins, installedBytes } = recipe;
  const root = runtimesFolder(place);
  const folder = join(root, `${name}-${idOf(recipe)}`);
  const present = await installation(name, place);
  const upToDate = present !== undefined && present.folder === folder && (await damage(present)) === undefined;
  const downloads = upToDate || from !== undefined ? [] : pins.filter(({ file }) => !existsSync(join(root, 'downloads', file)));
  const fetchAll = async (options: DownloadOptions): Promise<Map<Pin, string>> => {
    const paths = new Map<Pin, string>();
    const { download } = await import('./download.node.ts'); // an HTTP client, which whoever only loads a runtime never needs
    for (const pin of pins) paths.set(pin, await download(pin, options));
    return paths;
  };
  return {
    name,
    about,
    upToDate,
    downloads,
    downloadBytes: sumOf(downloads.map(({ sizeBytes }) => sizeBytes)),
    installedBytes,
    folder,
    async fetch(target, options = {}) {
      await fetchAll({ folder: target, ...options });
    },
    async run({ onStep, ...options } = {}) {
      if (upToDate) return present;
      await recipe.ready();
      await mkdir(root, { recursive: true });
      await using _lock = await exclusive(root);
      await rm(join(root, 'building'), { recursive: true, force: true }); // of a setup that was killed
      await checkDisk(root, sumOf(downloads.map(({ sizeBytes }) => sizeBytes)) + installedBytes);
      const paths = await fetchAll({ folder: join(root, 'downloads'), from, ...options });
      options.signal?.throwIfAborted();
      onStep?.(recipe.building);
      await buildBeside(recipe, join(root, 'building'), folder, (pin) => paths.get(pin)!);
      const manifest: Manifest = { name, id: idOf(recipe), about, preload: recipe.preload, files: await sizesIn(folder) };
      await writeFileAtomic(join(root, `${name}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
      await tidy(root, recipe);
      return { ...manifest, folder };
    },
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

const idOf = ({ about, pins, preload }: Recipe): string =>
  createHash('sha256')
    .update(JSON.stringify([VERSION, about, preload, pins.map(({ sha256 }) => sha256)]))
    .digest('hex')
    .slice(0, 12);

async function exclusive(root: string): Promise<AsyncDisposable> {
  const lock = await lockFolder(root);
  if (lock !== undefined) return lock;
  throw new SparseError(
    'ALREADY_EXISTS',
    root,
    'a folder that no other setup works in',
    new Error('one where another setup runs'),
    'Wait for it',
  );
}

async function checkDisk(root: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  if (bavail * bsize >= needed) return;
  const free = new Error(`${Math.floor((bavail * bsize) / 1e6)} MB`);
  const hint = 'Free some space, or set FREETICKETS_CACHE to a folder on another disk';
  throw new SparseError('DISK_FULL', root, `${Math.ceil(needed / 1e6)} MB of free disk space`, free, hint);
}

async function buildBeside(recipe: Recipe, building: string, folder: string, fileOf: (pin: Pin) => string): Promise<void> {
  try {
    await mkdir(building);
    await recipe.build(building, fileOf);
    await recipe.check(building);
    await rm(folder, { recursive: true, force: true }); // damaged, or without its manifest
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (error instanceof SparseError) throw error;
    throw new SparseError('RUNTIME_UNAVAILABLE', folder, `${recipe.name} that can be built and loaded`, error, 'Nothing was installed', {
      cause: error,
    });
  }
}

async function sizesIn(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return Object.fromEntries(await Promise.all(paths.sort().map(async (path) => [path, (await stat(join(folder, path))).size] as const)));
}

/** Older installations of the same runtime, and the downloads that are installed now. */
async function tidy(root: string, recipe: Recipe): Promise<void> {
  const old = (await readdir(root)).filter((entry) => entry.startsWith(`${recipe.name}-`) && entry !== `${recipe.name}-${idOf(recipe)}`);
  const downloads = recipe.pins.map(({ file }) => join('downloads', file));
  await Promise.all([...old, ...downloads].map((path) => rm(join(root, path), { recursive: true, force: true })));
}

/** What is installed, if anything is. A manifest that cannot be read is none. */
export async function installation(name: RuntimeName, place: PlaceOptions = {}): Promise<Installation | undefined> {
  const root = runtimesFolder(place);
  try {
    const manifest = JSON.parse(await readFile(join(root, `${name}.json`), 'utf8')) as Manifest;
    return { ...manifest, folder: join(root, `${name}-${manifest.id}`) };
  } catch {
    return undefined;
  }
}

/** The first thing that is no longer as it was installed, in words. */
export async function damage({ folder, files, preload }: Installation): Promise<string | undefined> {
  for (const [path, size] of Object.entries(files)) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.size !== size) return `${join(folder, path)} is ${found === undefined ? 'gone' : 'another file'}`;
  }
  const gone = preload.find((path) => path.startsWith('/') && !existsSync(path));
  return gone === undefined ? undefined : `${gone} is gone`;
}
