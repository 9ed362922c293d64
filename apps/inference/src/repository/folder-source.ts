// A model's folder in a repository: config.pbtxt or config.json, labels, routing.json, and a folder for each version.
//
//   digits/config.pbtxt, digits/labels.txt, digits/routing.json, digits/3/model.onnx, digits/3/manifest.json

import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { checkManifest } from './manifest.ts';
import type { ModelConfig, VersionPolicy } from './model-config.ts';
import type { FoundVersion, ModelListing, ModelSource } from './model-source.ts';
import { versionName } from './names.ts';
import { readPbtxt } from './pbtxt.ts';
import { noRouting, type Routing, readRouting } from './routing.ts';

export interface FolderOptions {
  /** Take no version without a manifest. */
  readonly requireManifest?: boolean;
}

export function folderSource(name: string, folder: string, options: FolderOptions = {}): ModelSource {
  return { name, read: () => readFolder(folder, options) };
}

async function readFolder(folder: string, { requireManifest = false }: FolderOptions): Promise<ModelListing> {
  const config = await readConfig(folder);
  const text = await optional(join(folder, 'routing.json'));
  const routing = text === undefined ? noRouting : readRouting(text, join(folder, 'routing.json'));
  const shared = createHash('sha256').update(JSON.stringify(config)).digest('hex');
  const problems = new Map<string, string>();
  const found: FoundVersion[] = [];
  for (const version of await versionsIn(folder)) {
    const path = join(folder, version, config.default_model_filename ?? 'model.onnx');
    const problem = await checkVersion(folder, version, path, requireManifest);
    if (problem === undefined) found.push({ version, path, fingerprint: `${shared} ${await stateOf(path)}` });
    else problems.set(version, problem);
  }
  const { chosen, others } = choose(found, config.version_policy ?? {}, routing);
  const labels = await readLabels(folder, config);
  return { config, versions: [...chosen, ...others], wanted: chosen.length, problems, labels, routing };
}

/** Newest first. */
async function versionsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new SparseError('MISSING_FILE', folder, 'a model folder', error);
  });
  return entries
    .filter((entry) => !entry.isFile() && versionName.test(entry.name))
    .map(({ name }) => name)
    .sort((a, b) => Number(b) - Number(a));
}

async function checkVersion(folder: string, version: string, path: string, requireManifest: boolean): Promise<string | undefined> {
  const manifest = await checkManifest(join(folder, version));
  if (manifest === 'absent' && requireManifest) return 'there is no manifest.json, and this server takes no version without';
  if (manifest !== 'absent' && manifest !== undefined) return manifest;
  const [real, root] = await Promise.all([realpath(path).catch(() => undefined), realpath(folder)]);
  if (real === undefined) return 'there is no model file';
  const way = relative(root, real);
  return way.split(sep)[0] === '..' ? 'its model file lies outside the model folder' : undefined;
}

/** Of the model file and of what lies beside it: tensors of ONNX may be in files of their own. */
async function stateOf(path: string): Promise<string> {
  const names = (await readdir(dirname(path))).sort();
  const states = await Promise.all(names.map((name) => stat(join(dirname(path), name))));
  return [path, ...states.map(({ size, mtimeMs, ino }, i) => `${names[i]} ${size} ${mtimeMs} ${ino}`)].join(' ');
}

/** What the policy chooses, and what routing names; then the rest. */
function choose(found: readonly FoundVersion[], { latest, all, specific }: VersionPolicy, { aliases, split, shadow }: Routing) {
  const routed = [...Object.values(aliases), ...Object.keys(split), ...Object.keys(shadow)];
  const count = latest?.num_versions ?? 1;
  const byPolicy = ({ version }: FoundVersion, rank: number): boolean =>
    all !== undefined || (specific ? specific.versions.some((wanted) => String(wanted) === version) : rank < count);
  const isChosen = found.map((version, rank) => byPolicy(version, rank) || routed.includes(version.version));
  return { chosen: found.filter((_, i) => isChosen[i]), others: found.filter((_, i) => !isChosen[i]) };
}

async function readConfig(folder: string): Promise<ModelConfig> {
  const pbtxt = await optional(join(folder, 'config.pbtxt'));
  if (pbtxt !== undefined) return readPbtxt(pbtxt, join(folder, 'config.pbtxt'));
  const json = await optional(join(folder, 'config.json'));
  return json === undefined ? {} : parseConfig(json, join(folder, 'config.json'));
}

/** A configuration as JSON. @throws SparseError INVALID_CONFIG */
export function parseConfig(text: string, at: string): ModelConfig {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null && !Array.isArray(config) && !Object.hasOwn(config, '__proto__'))
      return config as ModelConfig;
  } catch {
    // said below
  }
  throw new SparseError('INVALID_CONFIG', at, 'a model configuration as a JSON object', new Error('something else'));
}

async function readLabels(folder: string, { output = [] }: ModelConfig): Promise<Readonly<Record<string, readonly string[]>>> {
  const labels: Record<string, readonly string[]> = Object.create(null);
  for (const { name, label_filename: file } of output) {
    if (!file) continue;
    const text = /^[\w.-]+$/.test(file) ? await optional(join(folder, file)) : undefined;
    if (text === undefined)
      throw new SparseError('INVALID_CONFIG', join(folder, file), 'a file of labels in the model folder', new Error('none'));
    labels[name] = text.trimEnd().split(/\r?\n/);
  }
  return labels;
}

/** The text of a file that may be absent. */
const optional = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SparseError('BAD_FILE', path, 'a file that can be read', error);
  });
