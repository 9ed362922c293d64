/**
 * A run on an MLflow tracking server, by its REST API (2.0): configuration as params, provenance as tags, numbers as metrics. All is sent on
 * the side, in batches. A server that does not answer, or refuses, is told of once and left alone.
 */
import { SparseError } from '@freetickets/sparse-core';
import { metricsOf } from '../event-metrics.ts';
import type { Reporter, RunEnd, RunEvent, RunStart } from '../reporter.ts';
import { type Answer, deliver, Undeliverable } from './delivery.ts';

export interface MlflowOptions {
  /** Of the server, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Name of the experiment, which is made where there is none. */
  readonly experiment: string;
  /** Sent with each request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The id there of a run that goes on; one that the server does not know is begun anew. */
  readonly runId?: string | undefined;
  /** Told the id as soon as the server has given one. */
  readonly onRun?: ((runId: string) => Promise<void>) | undefined;
  /** Told once, in a sentence, when the server is given up. */
  readonly onGivenUp: (reason: string) => void;
}

interface LoggedMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  /** In milliseconds since 1970. */
  readonly timestamp: number;
}

/** Of one request: MLflow's own limits. */
const MOST_METRICS = 1000;
const MOST_PARAMS = 100;
const LONGEST_PARAM = 6000;

const STATUS: Readonly<Record<RunEnd, string>> = { finished: 'FINISHED', stopped: 'KILLED', failed: 'FAILED' };

/**
 * Returns at once, whether the server is there or not.
 * @throws SparseError INVALID_ARGUMENT for what is no address of HTTP
 */
export function openMlflow(options: MlflowOptions, start: RunStart): Reporter {
  if (!/^https?:/i.test(options.url) || !URL.canParse(options.url))
    throw new SparseError('INVALID_ARGUMENT', 'url', 'the address of a server, such as http://127.0.0.1:5000', options.url);
  return new MlflowReporter(options, start);
}

class MlflowReporter implements Reporter {
  readonly #options: MlflowOptions;
  readonly #start: RunStart;
  #runId: string | undefined;
  #waiting: LoggedMetric[] = [];
  #sending: Promise<void> | undefined;
  #givenUp = false;

  constructor(options: MlflowOptions, start: RunStart) {
    this.#options = options;
    this.#start = start;
    void this.#send();
  }

  async take(event: RunEvent, time: number): Promise<void> {
    if (this.#givenUp) return;
    const prefix = this.#start.members > 1 ? `member-${event.member}/` : '';
    // JSON has no word for a loss that is not finite.
    for (const { name, value } of metricsOf(event).filter((metric) => Number.isFinite(metric.value)))
      this.#waiting.push({ key: prefix + name, value, step: event.step, timestamp: Math.round(1000 * time) });
    void this.#send();
  }

  async end(how: RunEnd, time: number): Promise<void> {
    await this.#sending;
    while (this.#waiting.length > 0) await this.#send();
    if (this.#givenUp) return;
    await this.#orGiveUp(async () => {
      await this.#call('runs/update', { run_id: this.#runId, status: STATUS[how], end_time: Math.round(1000 * time) });
    });
  }

  /** One request at a time; what comes meanwhile goes with the next. */
  #send(): Promise<void> {
    this.#sending ??= this.#orGiveUp(async () => {
      this.#runId ??= await this.#begin();
      while (this.#waiting.length > 0) {
        const metrics = this.#waiting.splice(0, MOST_METRICS);
        await this.#call('runs/log-batch', { run_id: this.#runId, metrics });
      }
    }).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #orGiveUp(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#givenUp = true;
      this.#waiting = [];
      this.#options.onGivenUp((error as Error).message);
    }
  }

  /** @returns the run's id */
  async #begin(): Promise<string> {
    const { runId, onRun } = this.#options;
    if (runId !== undefined && (await this.#goesOn(runId))) return runId;
    const { name, configuration, provenance, time } = this.#start;
    const experimentId = await this.#experimentId();
    const tags = provenance.map(([key, value]) => ({ key: `freetickets.${key.toLowerCase().replaceAll(' ', '_')}`, value }));
    const { run } = (await this.#call('runs/create', {
      experiment_id: experimentId,
      run_name: name,
      start_time: Math.round(1000 * time),
      tags: [...tags, { key: 'mlflow.source.name', value: 'freetickets' }],
    })) as { run: { info: { run_id: string } } };
    const { run_id: id } = run.info;
    await onRun?.(id);
    const params = Object.entries(configuration).map(([key, value]) => ({ key, value: String(value).slice(0, LONGEST_PARAM) }));
    for (let done = 0; done < params.length; done += MOST_PARAMS)
      await this.#call('runs/log-batch', { run_id: id, params: params.slice(done, done + MOST_PARAMS) });
    return id;
  }

  /** @returns false when the server does not know the run */
  async #goesOn(runId: string): Promise<boolean> {
    const answer = await this.#ask('runs/update', { run_id: runId, status: 'RUNNING' });
    if (!answer.ok && answer.errorCode === 'RESOURCE_DOES_NOT_EXIST') return false;
    required(answer);
    return true;
  }

  async #experimentId(): Promise<string> {
    const { experiment: name } = this.#options;
    const find = () => this.#ask(`experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`);
    const found = await find();
    if (!found.ok && found.errorCode === 'RESOURCE_DOES_NOT_EXIST') {
      const made = await this.#ask('experiments/create', { name });
      if (made.ok) return (made.body as { experiment_id: string }).experiment_id;
      if (made.errorCode !== 'RESOURCE_ALREADY_EXISTS') required(made);
      return experimentIn(required(await find())); // another run was quicker
    }
    return experimentIn(required(found));
  }

  /** @throws Undeliverable also for an answer that says no */
  async #call(path: string, body?: object): Promise<unknown> {
    return required(await this.#ask(path, body));
  }

  #ask(path: string, body?: object): Promise<Answer> {
    const { url, headers = {} } = this.#options;
    return deliver({ method: body ? 'POST' : 'GET', url: `${url.replace(/\/+$/, '')}/api/2.0/mlflow/${path}`, headers, body });
  }
}

function required(answer: Answer): unknown {
  if (answer.ok) return answer.body;
  throw new Undeliverable(`it answers ${answer.status}: ${answer.message}`);
}

const experimentIn = (body: unknown): string => (body as { experiment: { experiment_id: string } }).experiment.experiment_id;
