/** A server behind an address: every method is one call. Runs where there is `fetch`: browsers, Node. */
import { encodeRequest, type InferRequest } from './infer-request.ts';
import { decodeResponse, type InferResponse } from './infer-response.ts';
import { ServerError } from './server-error.ts';
import type { DriftReport, ModelIndexEntry, ModelMetadata, ServerMetadata } from './server-objects.ts';

type Body = NonNullable<RequestInit['body']>;

export interface ConnectOptions {
  /** Sent with every call, such as `{ 'x-request-id': '7' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
}

export interface CallOptions {
  /** Aborts the call; the server then drops the request from its queue. */
  readonly signal?: AbortSignal;
}

export interface Client {
  /** Whether the server runs. Never throws for a server that does not answer. */
  live(options?: CallOptions): Promise<boolean>;
  /** Whether every model that should be there is; with a name, whether that model is. */
  ready(model?: string, version?: string, options?: CallOptions): Promise<boolean>;
  server(options?: CallOptions): Promise<ServerMetadata>;
  /** What a model takes and gives. */
  model(name: string, version?: string, options?: CallOptions): Promise<ModelMetadata>;
  /** The model's configuration, in Triton's words. */
  config(name: string, version?: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Counts and times, in Triton's words; without a name, of all models. */
  statistics(name?: string, version?: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** How far what comes in lies from the model's validation data. */
  drift(name: string, version?: string, options?: CallOptions): Promise<DriftReport>;
  /** The models of the repository. */
  models(options?: CallOptions): Promise<readonly ModelIndexEntry[]>;
  load(name: string, options?: CallOptions): Promise<void>;
  unload(name: string, options?: CallOptions): Promise<void>;
  infer(model: string, request: InferRequest, options?: CallOptions): Promise<InferResponse>;
}

/**
 * Opens no connection: the first call does. Every method but `live` and `ready` throws ServerError when the server refuses, and fetch's
 * TypeError when there is no server.
 *
 * @param url such as `http://127.0.0.1:8000`
 */
export function connect(url: string, { headers: own = {}, token }: ConnectOptions = {}): Client {
  const base = url.replace(/\/+$/, '');
  const always = { ...own, ...(token !== undefined && { authorization: `Bearer ${token}` }) };

  async function call(method: 'GET' | 'POST', path: string, { signal }: CallOptions = {}, body?: Body, headers = {}): Promise<Response> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...always, ...headers },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
  const read = async <Value>(path: string, options?: CallOptions): Promise<Value> =>
    (await call('GET', path, options)).json() as Promise<Value>;
  const tell = async (path: string, options?: CallOptions): Promise<void> => {
    await (await call('POST', path, options, '{}')).arrayBuffer();
  };
  const isOk = async (path: string, { signal }: CallOptions = {}): Promise<boolean> => {
    const response = await fetch(`${base}${path}`, { headers: always, ...(signal && { signal }) }).catch((error: Error) => {
      if (signal?.aborted) throw error;
      return undefined;
    });
    await response?.arrayBuffer();
    return response?.ok ?? false;
  };

  return {
    live: (options) => isOk('/v2/health/live', options),
    ready: (model, version, options) => isOk(model === undefined ? '/v2/health/ready' : `${pathOf(model, version)}/ready`, options),
    server: (options) => read('/v2', options),
    model: (name, version, options) => read(pathOf(name, version), options),
    config: (name, version, options) => read(`${pathOf(name, version)}/config`, options),
    statistics: (name, version, options) => read(name === undefined ? '/v2/models/stats' : `${pathOf(name, version)}/stats`, options),
    drift: (name, version, options) => read(`${pathOf(name, version)}/drift`, options),
    models: async (options) => (await call('POST', '/v2/repository/index', options, '{}')).json() as Promise<ModelIndexEntry[]>,
    load: (name, options) => tell(`/v2/repository/models/${encodeURIComponent(name)}/load`, options),
    unload: (name, options) => tell(`/v2/repository/models/${encodeURIComponent(name)}/unload`, options),
    async infer(model, request, options) {
      const { bytes, headers } = encodeRequest(request);
      const response = await call('POST', `${pathOf(model, request.version)}/infer`, options, bytes as Body, headers);
      const length = response.headers.get('inference-header-content-length');
      return decodeResponse(new Uint8Array(await response.arrayBuffer()), length === null ? undefined : Number(length));
    },
  };
}

const pathOf = (model: string, version?: string): string =>
  `/v2/models/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;

async function errorOf(response: Response): Promise<ServerError> {
  const text = await response.text();
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ServerError(
    response.status,
    sentenceIn(text) ?? (text.slice(0, 300) || response.statusText),
    Number.isFinite(after) ? after : undefined,
  );
}

function sentenceIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined; // a proxy's page, perhaps
  }
}
