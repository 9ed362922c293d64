// One model by name: the versions of it that are loaded, which of them answers, and how it follows its source. A new version is loaded
// and warm before the old one is let go; whatever fails to load leaves what is there as it is.

import type { CallContext, InferRequest, InferResponse, ModelIndexEntry, ModelState } from '../service.ts';
import { explain, ServiceError } from '../service-error.ts';
import type { ModelConfig } from './model-config.ts';
import type { FoundVersion, ModelListing, ModelSource } from './model-source.ts';
import { noRouting, type Routing, Turns } from './routing.ts';
import { ServedVersion, type ServingOptions } from './served-version.ts';

/** A new version is given up when so many of its first requests failed, if there is an older one. */
const trial = { requests: 20, failures: 10 };

/** Of one version, to load. */
interface Failure {
  readonly version: string;
  readonly error: Error;
}

interface Slot {
  readonly fingerprint: string;
  readonly served: ServedVersion;
  requests: number;
  failures: number;
}

export class ServedModel {
  readonly name: string;
  readonly #source: ModelSource;
  readonly #options: ServingOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #states = new Map<string, { readonly state: ModelState; readonly reason: string }>();
  /** Fingerprints of versions that failed their trial. */
  readonly #rejected = new Set<string>();
  readonly #retiring = new Set<Promise<void>>();
  #routing: Routing = noRouting;
  #split = new Turns({});
  #shadow = new Turns({});
  #changes: Promise<unknown> = Promise.resolve();
  #override: ModelConfig | undefined;

  constructor(source: ModelSource, options: ServingOptions) {
    this.name = source.name;
    this.#source = source;
    this.#options = options;
  }

  get ready(): boolean {
    return this.#slots.size > 0 && [...this.#slots.values()].every(({ served }) => served.ready);
  }

  get loaded(): readonly ServedVersion[] {
    return [...this.#slots.values()].map(({ served }) => served);
  }

  /** Versions and their states, in order. */
  get index(): readonly ModelIndexEntry[] {
    const ready = [...this.#slots].map(([version, { served }]): ModelIndexEntry => {
      const state = served.ready ? 'READY' : 'UNAVAILABLE';
      return { name: this.name, version, state, ...(!served.ready && { reason: 'its process does not start' }) };
    });
    const others = [...this.#states].filter(([version]) => !this.#slots.has(version));
    return [...ready, ...others.map(([version, state]) => ({ name: this.name, version, ...state }))];
  }

  /** @throws ServiceError not-found */
  isReady(wanted = ''): boolean {
    try {
      return this.#slot(wanted || this.#newest()).served.ready;
    } catch (error) {
      if (explain(error).reason === 'unavailable') return false;
      throw error;
    }
  }

  /** The loaded version that a name, an alias or nothing stands for. @throws ServiceError not-found, unavailable */
  version(wanted = ''): ServedVersion {
    return this.#slot(wanted || this.#newest()).served;
  }

  /** @throws ServiceError not-found; queue-full where a request of so many bytes to this version would be refused */
  checkRoom(wanted: string | undefined, bytes: number): void {
    const named = wanted || (Object.keys(this.#routing.split).length === 0 ? this.#newest() : '');
    if (named !== '') this.#slot(named).served.checkRoom(bytes);
  }

  async infer(request: InferRequest, context: CallContext): Promise<InferResponse> {
    const slot = this.#slot(request.version || this.#split.next() || this.#newest());
    const answer = this.#tried(slot, slot.served.infer(request, context));
    for (const name of this.#shadow.due()) this.#compare(name, slot, request);
    return answer;
  }

  /** Follows the source; changes wait for each other. @throws when it cannot be read, or nothing of it could be loaded */
  update(options: { readonly force?: boolean; readonly config?: ModelConfig | undefined } = {}): Promise<void> {
    return this.#change(async () => {
      if (options.force) this.#override = options.config;
      await this.#follow(await this.#source.read(), options.force ?? false);
    });
  }

  /** Lets requests finish, then ends every version. */
  unload(reason = 'unloaded'): Promise<void> {
    return this.#change(async () => {
      for (const version of [...this.#slots.keys()]) this.#retire(version, 'UNAVAILABLE', reason);
      await Promise.all(this.#retiring);
    });
  }

  kill(): void {
    for (const { served } of this.#slots.values()) served.kill();
  }

  #change(act: () => Promise<void>): Promise<void> {
    const change = this.#changes.then(act);
    this.#changes = change.catch(() => {});
    return change;
  }

  async #follow(listing: ModelListing, force: boolean): Promise<void> {
    const wanted = listing.versions.filter(({ fingerprint }) => !this.#rejected.has(fingerprint)).slice(0, listing.wanted);
    const stale = wanted.filter(({ version, fingerprint }) => force || this.#slots.get(version)?.fingerprint !== fingerprint);
    const failures = (await Promise.all(stale.map((found) => this.#load(found, listing)))).filter((failure) => failure !== undefined);
    for (const [version, reason] of listing.problems) this.#states.set(version, { state: 'UNAVAILABLE', reason });
    const useless = failures.length > 0 && failures.length === wanted.length;
    // The one that is thrown is told by whoever catches it.
    for (const { version, error } of useless ? failures.slice(1) : failures)
      this.#options.warn(`model '${this.name}' version ${version} is not loaded: ${error.message}`);
    if (useless) throw failures[0]!.error;
    const keep = new Set(wanted.map(({ version }) => version));
    for (const version of [...this.#slots.keys()]) if (!keep.has(version)) this.#retire(version, 'UNAVAILABLE', 'unloaded');
    this.#route(listing.routing);
  }

  /** Loads one version and puts it in the place of the one before. Returns why it could not. */
  async #load({ version, path, fingerprint }: FoundVersion, { config, labels }: ModelListing): Promise<Failure | undefined> {
    this.#states.set(version, { state: 'LOADING', reason: 'loading' });
    try {
      const source = { model: this.name, version, path, config: this.#override ?? config, labels };
      const served = await ServedVersion.start(source, this.#options);
      const old = this.#slots.get(version);
      this.#slots.set(version, { fingerprint, served, requests: 0, failures: 0 });
      this.#states.delete(version);
      if (old) this.#end(old.served);
      return undefined;
    } catch (error) {
      this.#states.set(version, { state: 'UNAVAILABLE', reason: (error as Error).message });
      return { version, error: error as Error };
    }
  }

  #retire(version: string, state: ModelState, reason: string): void {
    const slot = this.#slots.get(version);
    this.#slots.delete(version);
    this.#states.set(version, { state, reason });
    if (!slot) return;
    this.#options.observer.modelRemoved(this.name, version);
    this.#end(slot.served);
  }

  #end(served: ServedVersion): void {
    const end = served.close().finally(() => this.#retiring.delete(end));
    this.#retiring.add(end);
  }

  #route(routing: Routing): void {
    if (JSON.stringify(routing) === JSON.stringify(this.#routing)) return;
    this.#routing = routing;
    this.#split = new Turns(routing.split);
    this.#shadow = new Turns(routing.shadow);
  }

  #newest(): string {
    return [...this.#slots.keys()].reduce((most, version) => (Number(version) > Number(most) ? version : most), '');
  }

  #slot(wanted: string): Slot {
    const version = Object.hasOwn(this.#routing.aliases, wanted) ? this.#routing.aliases[wanted]! : wanted;
    const slot = this.#slots.get(version);
    if (slot) return slot;
    if (wanted === '' || this.#states.has(version))
      throw new ServiceError('unavailable', `model '${this.name}' is not ready`, { retryAfter: 1 });
    throw new ServiceError('not-found', `Request for unknown model: '${this.name}' version ${wanted} is not found`);
  }

  /** Counts the first answers of a version, and gives it up when too many fail. */
  async #tried(slot: Slot, answer: Promise<InferResponse>): Promise<InferResponse> {
    try {
      return await answer;
    } catch (error) {
      if (slot.requests < trial.requests && explain(error).reason === 'failed') slot.failures++;
      throw error;
    } finally {
      if (++slot.requests === trial.requests && slot.failures >= trial.failures) this.#rollBack(slot);
    }
  }

  #rollBack({ fingerprint, failures, served }: Slot): void {
    this.#change(async () => {
      const listing = await this.#source.read();
      if (!listing.versions.some((found) => found.fingerprint !== fingerprint && !this.#rejected.has(found.fingerprint))) return;
      this.#rejected.add(fingerprint);
      this.#options.warn(
        `model '${this.name}' version ${served.version} is rolled back: ${failures} of its first ${trial.requests} requests failed`,
      );
      await this.#follow(listing, false);
      this.#states.set(served.version, {
        state: 'UNAVAILABLE',
        reason: `rolled back: ${failures} of its first ${trial.requests} requests failed`,
      });
    }).catch((error: Error) => this.#options.warn(`model '${this.name}' is not rolled back: ${error.message}`));
  }

  /** Computes a request once more on a shadow version; only its statistics are kept. */
  #compare(name: string, answering: Slot, request: InferRequest): void {
    const version = this.#routing.aliases[name] ?? name;
    const shadow = this.#slots.get(version);
    if (shadow && shadow !== answering) shadow.served.infer(request, {}).catch(() => {});
  }
}
