/**
 * An engine whose training steps are computed in shards: a batch is cut into so many, each with batch-norm statistics of its own, and what
 * they give is averaged in their order. Who computes which shard does not show in the result, so any number of helpers gives the same bits.
 */
import {
  type Batch,
  type Engine,
  type ModelState,
  type Network,
  type OpenOptions,
  type ParamName,
  type PredictOptions,
  type Session,
  type ShardedSteps,
  type ShardResult,
  type Signal,
  SparseError,
  type StepOptions,
  type StepResult,
  type TopologyDelta,
  withoutMoments,
} from '@freetickets/sparse-core';
import { cutBatch, largestShard, type Shard } from './cut-batch.ts';
import type { Link, ShardRequest } from './link.ts';
import type { Team } from './team.ts';

export interface Sharding {
  /** Parts of each batch. They decide the result; the helpers do not. */
  readonly shards: number;
  /** Who computes beside this process. Default: nobody. */
  readonly team?: Team;
}

/** @throws SparseError INVALID_ARGUMENT, when it is opened to train, for an engine that computes batches as a whole only */
export function shardedEngine(engine: Engine, sharding: Sharding): Engine {
  return {
    name: engine.name,
    signals: engine.signals,
    async open(network, state, options) {
      const batchSize = options.optimizer ? largestShard(network, options.batchSize, sharding.shards) : options.batchSize;
      const session = await engine.open(network, state, { ...options, batchSize });
      if (!options.optimizer) return session;
      if (!session.sharded)
        throw new SparseError('INVALID_ARGUMENT', `engine ${engine.name}`, 'one that computes shards of a batch', 'one that does not');
      return new ShardedSession(network, session, session.sharded, { ...options, batchSize }, sharding);
    },
  };
}

let sessions = 0;

class ShardedSession implements Session {
  readonly marks?: NonNullable<Session['marks']>;
  readonly #network: Network;
  readonly #here: Session;
  readonly #steps: ShardedSteps;
  readonly #options: OpenOptions;
  readonly #shards: number;
  readonly #team: Team | undefined;
  readonly #number = sessions++;
  /** Helpers who have this session too. */
  readonly #opened = new WeakSet<Link>();

  constructor(network: Network, here: Session, steps: ShardedSteps, options: OpenOptions, { shards, team }: Sharding) {
    this.#network = network;
    this.#here = here;
    this.#steps = steps;
    this.#options = options;
    this.#shards = shards;
    this.#team = team;
    if (here.marks) this.marks = here.marks.bind(here);
  }

  async trainStep(batch: Batch, options: StepOptions): Promise<StepResult> {
    const shards = cutBatch(this.#network, batch, this.#shards);
    await this.#openEverywhere();
    const links = this.#openedLinks();
    const border = (k: number) => Math.floor((k * shards.length) / (links.length + 1));
    const [mine, ...others] = Array.from({ length: links.length + 1 }, (_, k) => shards.slice(border(k), border(k + 1)));
    const asked = others.map((theirs, k) => this.#computeThere(links[k]!, theirs, options));
    // A step blocks this process: what waits in it to be sent would wait until then.
    await Promise.all(asked.map(({ sent }, k) => this.#team!.waitFor(links[k]!, sent)));
    const began = performance.now();
    const here = await this.#computeHere(mine!, options);
    const seconds = (performance.now() - began) / 1000;
    const there = await Promise.all(asked.map(({ answer }, k) => this.#team!.waitFor(links[k]!, answer, seconds)));
    const results = [here, ...there].flat();
    return this.#steps.finish(averaged(results, shards, batch.size), batch.size, options);
  }

  async #computeHere(shards: readonly Shard[], options: StepOptions): Promise<readonly ShardResult[]> {
    const results: ShardResult[] = [];
    for (const { batch, first } of shards) results.push(await this.#steps.compute(batch, first, options));
    return results;
  }

  /** What a lost helper was asked for is computed here. */
  #computeThere(link: Link, shards: readonly Shard[], { keep, dropoutSeed }: StepOptions): ReturnType<Link['ask']> {
    const options = { ...(keep && { keep }), ...(dropoutSeed !== undefined && { dropoutSeed }) };
    if (shards.length === 0) return { sent: Promise.resolve(), answer: Promise.resolve([]) };
    const { sent, answer } = link.ask({ kind: 'compute', session: this.#number, values: this.#steps.values(), shards, options });
    const orHere = (reason: unknown) => {
      this.#team!.lost(link, reason);
      return this.#computeHere(shards, { learningRate: 0, ...options });
    };
    return { sent, answer: answer.catch(orHere) };
  }

  async #openEverywhere(): Promise<void> {
    const links = (this.#team?.links ?? []).filter((link) => !this.#opened.has(link));
    if (links.length === 0) return;
    const { batchSize, loss, signals } = this.#options;
    const options = { batchSize, ...(loss && { loss }), ...(signals && { signals }) };
    const state = withoutMoments(await this.#here.snapshot());
    for (const link of links) this.#opened.add(link);
    await this.#tell(links, { kind: 'open', session: this.#number, spec: this.#network.spec, state, options });
  }

  async #tell(links: readonly Link[], request: ShardRequest): Promise<void> {
    const told = links.map((link) => {
      const { answer } = link.ask(request);
      return this.#team!.waitFor(link, answer).catch((reason: unknown) => this.#team!.lost(link, reason));
    });
    await Promise.all(told);
  }

  #openedLinks(): readonly Link[] {
    return (this.#team?.links ?? []).filter((link) => this.#opened.has(link));
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    await this.#here.rewire(deltas);
    await this.#tell(this.#openedLinks(), { kind: 'rewire', session: this.#number, deltas });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#here[Symbol.asyncDispose]();
    await this.#tell(this.#openedLinks(), { kind: 'close', session: this.#number });
  }

  gradient(param: ParamName): Promise<Float32Array> {
    return this.#here.gradient(param);
  }

  signal(param: ParamName, which: Signal): Promise<Float32Array> {
    return this.#here.signal(param, which);
  }

  predict(images: Float32Array, size: number, options?: PredictOptions): Promise<Float32Array> {
    return this.#here.predict(images, size, options);
  }

  inputGradient(batch: Batch): Promise<Float32Array> {
    return this.#here.inputGradient(batch);
  }

  snapshot(): Promise<ModelState> {
    return this.#here.snapshot();
  }
}

/** Of the means, weighed by samples and added in float32 in the order of the shards; losses and counts are added. */
function averaged(results: readonly ShardResult[], shards: readonly Shard[], size: number): ShardResult {
  const means = new Float32Array(results[0]!.means.length);
  let [loss, correct] = [0, 0];
  results.forEach((result, k) => {
    const weight = shards[k]!.batch.size / size;
    loss += result.loss;
    correct += result.correct;
    for (let i = 0; i < means.length; i++) means[i]! += weight * result.means[i]!;
  });
  return { loss, correct, means };
}
