/** One GET over HTTP, through the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, which Node's own fetch passes by. */
import { SparseError } from '@freetickets/sparse-core';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { npmRegistry, proxyFor, pythonIndex } from './indexes.node.ts';

let proxies: EnvHttpProxyAgent | undefined;

/** A server that says nothing for so long is given up. */
const SILENCE_MS = 60_000;

/** An address from which a file did not come, and why. What is to be done about it is said where nothing is left to try. */
export class Refusal extends Error {
  readonly url: string;
  readonly reason: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(`${url}: ${reason}`, options);
    this.url = url;
    this.reason = reason;
  }
}

/** @throws Refusal for no answer and for any status but 2xx; AbortError; SparseError INVALID_CONFIG for a proxy or an index that is no address */
export async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  proxies ??= agent();
  const response = await fetch(url, {
    headers: { ...headers, ...authorization(url) },
    dispatcher: proxies,
    ...(signal && { signal }),
  }).catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw failed(url, error);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Refusal(url, `status ${response.status}`);
}

function agent(): EnvHttpProxyAgent {
  try {
    const [httpProxy, httpsProxy] = [proxyFor('http:'), proxyFor('https:')];
    const proxies = { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }) };
    return new EnvHttpProxyAgent({ ...proxies, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  } catch (error) {
    const received = new Error('another form');
    throw new SparseError('INVALID_CONFIG', 'HTTPS_PROXY or HTTP_PROXY', 'an address such as http://host:port', received, '', {
      cause: error,
    });
  }
}

/** The name and password of an index stand in its address; they are for its own server only, and for no message. */
function authorization(url: string): Record<string, string> {
  for (const { origin, username, password } of [pythonIndex(), npmRegistry()])
    if (username !== '' && origin === new URL(url).origin) {
      const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    }
  return {};
}

/** fetch hides what happened in its error's cause. */
export function failed(url: string, error: Error): Refusal {
  const reason = error.cause instanceof Error ? error.cause.message || (error.cause as NodeJS.ErrnoException).code : error.message;
  return new Refusal(url, reason ?? 'no answer', { cause: error });
}
