// All models of a server: found in a folder or named one by one, loaded at the start or on request, followed while it runs.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import type { LoadParameters, ModelIndexEntry } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { type FolderOptions, folderSource, parseConfig } from './folder-source.ts';
import { fileSource, type ModelSource } from './model-source.ts';
import { modelName } from './names.ts';
import { ServedModel } from './served-model.ts';
import type { ServingOptions } from './served-version.ts';

export interface RepositoryOptions extends FolderOptions {
  /** Single files by name. */
  readonly models?: Readonly<Record<string, { readonly path: string }>>;
  /** A folder of model folders. */
  readonly folder?: string;
  /**
   * As in Triton. `none` (the default): everything is loaded at the start and stays. `poll`: the folder is followed. `explicit`:
   * `load` and `unload` decide.
   */
  readonly control?: 'none' | 'poll' | 'explicit';
  /** What to load at the start where control is `explicit`; `*` for all. */
  readonly loadAtStart?: readonly string[];
  /** Seconds between looks at the folder; default 15. */
  readonly pollSeconds?: number;
}

export class Repository {
  readonly #options: RepositoryOptions;
  readonly #serving: ServingOptions;
  readonly #models = new Map<string, ServedModel>();
  #timer: NodeJS.Timeout | undefined;
  #known: readonly string[] = [];

  /** Resolves when the models are loaded. @throws SparseError where a name is bad, or a model named on its own cannot be loaded */
  static async open(options: RepositoryOptions, serving: ServingOptions): Promise<Repository> {
    const repository = new Repository(options, serving);
    try {
      await repository.#start();
    } catch (error) {
      await repository.close();
      throw error;
    }
    return repository;
  }

  private constructor(options: RepositoryOptions, serving: ServingOptions) {
    this.#options = options;
    this.#serving = serving;
  }

  /** By their names, whichever was loaded first. */
  get models(): readonly ServedModel[] {
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws ServiceError not-found */
  model(name: string): ServedModel {
    const model = this.#models.get(name);
    if (model) return model;
    throw new ServiceError('not-found', `Request for unknown model: '${name}' is not found`);
  }

  index(): readonly ModelIndexEntry[] {
    const loaded = this.models.flatMap((model) => (model.index.length > 0 ? model.index : [{ name: model.name }]));
    const others = this.#known.filter((name) => !this.#models.has(name)).map((name) => ({ name }));
    return [...loaded, ...others];
  }

  /** @throws ServiceError invalid where control is not `explicit`, not-found, failed with what is wrong with the model */
  async load(name: string, parameters: LoadParameters = {}): Promise<void> {
    this.#checkExplicit();
    const source = await this.#source(name);
    if (source === undefined) throw new ServiceError('not-found', `failed to load '${name}', failed to poll from model repository`);
    const { config, ...rest } = parameters;
    const other = Object.keys(rest)[0];
    if (other?.startsWith('file:')) throw new ServiceError('forbidden', `parameter '${other}': this server takes no files from requests`);
    if (other !== undefined) throw new ServiceError('invalid', `parameter '${other}': expected only config`);
    const model = this.#models.get(name) ?? new ServedModel(source, this.#serving);
    try {
      const override = config === undefined ? undefined : parseConfig(String(config), 'parameter config');
      await model.update({ force: true, config: override });
    } catch (error) {
      this.#serving.warn(`model '${name}': ${(error as Error).message}`);
      throw new ServiceError('invalid', `failed to load '${name}', ${(error as Error).message}`, { cause: error });
    }
    this.#models.set(name, model);
  }

  /** @throws ServiceError invalid where control is not `explicit`, not-found */
  async unload(name: string): Promise<void> {
    this.#checkExplicit();
    await this.model(name).unload();
  }

  /** Looks at the folder now: what is new is loaded, what changed is loaded anew, what is gone is unloaded. */
  async poll(): Promise<void> {
    const names = await this.#names();
    const gone = this.models.filter(({ name }) => !names.includes(name));
    await Promise.all(gone.map((model) => model.unload('no longer in the repository')));
    for (const { name } of gone) this.#models.delete(name);
    await Promise.all(
      names.map((name) => this.#follow(name).catch((error: Error) => this.#serving.warn(`model '${name}': ${error.message}`))),
    );
  }

  /** Lets requests finish, then ends all processes. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.models.map((model) => model.unload()));
  }

  kill(): void {
    for (const model of this.models) model.kill();
  }

  async #start(): Promise<void> {
    const { control = 'none', loadAtStart = [], pollSeconds = 15, models = {} } = this.#options;
    const names = await this.#names();
    const wanted = control !== 'explicit' || loadAtStart.includes('*') ? names : loadAtStart;
    const missing = wanted.find((name) => !names.includes(name));
    if (missing !== undefined) throw new SparseError('INVALID_CONFIG', 'models to load', `one of ${names.join(', ')}`, missing);
    const starts = await Promise.allSettled(wanted.map((name) => this.#follow(name)));
    for (const [i, start] of starts.entries()) {
      if (start.status === 'fulfilled') continue;
      // A model that somebody named is wanted for certain; one of many in a folder is told of, and the others are served.
      if (Object.hasOwn(models, wanted[i]!) || loadAtStart.includes(wanted[i]!)) throw start.reason;
      this.#serving.warn(`model '${wanted[i]}': ${(start.reason as Error).message}`);
    }
    if (control !== 'poll') return;
    let running = false;
    this.#timer = setInterval(() => {
      if (running) return;
      running = true;
      this.poll()
        .catch((error: Error) => this.#serving.warn(`the repository cannot be read: ${error.message}`))
        .finally(() => {
          running = false;
        });
    }, pollSeconds * 1000);
  }

  async #follow(name: string): Promise<void> {
    const source = await this.#source(name);
    const model = this.#models.get(name) ?? new ServedModel(source!, this.#serving);
    this.#models.set(name, model);
    await model.update();
  }

  /** Every model there is, loaded or not. @throws SparseError INVALID_CONFIG for a bad name, MISSING_FILE for a folder that is not there */
  async #names(): Promise<readonly string[]> {
    const { folder, models = {} } = this.#options;
    const bad = Object.keys(models).find((name) => !modelName.test(name));
    if (bad !== undefined) throw new SparseError('INVALID_CONFIG', 'models', `names like ${modelName.source}`, bad);
    const entries = folder === undefined ? [] : await foldersIn(folder);
    this.#known = [...new Set([...Object.keys(models), ...entries])];
    return this.#known;
  }

  async #source(name: string): Promise<ModelSource | undefined> {
    const { folder, models = {} } = this.#options;
    if (Object.hasOwn(models, name)) return fileSource(name, models[name]!.path);
    if (folder === undefined || !modelName.test(name) || !(await foldersIn(folder)).includes(name)) return undefined;
    return folderSource(name, join(folder, name), this.#options);
  }

  #checkExplicit(): void {
    if (this.#options.control === 'explicit') return;
    throw new ServiceError('invalid', 'explicit model load / unload is not allowed unless the model control mode is explicit');
  }
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new SparseError('MISSING_FILE', folder, 'a folder of models', error);
  });
  return entries.filter((entry) => !entry.isFile() && modelName.test(entry.name)).map(({ name }) => name);
}
