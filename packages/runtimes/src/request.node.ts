/** One GET over HTTP, through the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, which Node's own fetch passes by. */
import { SparseError } from '@freetickets/sparse-core';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { npmRegistry, pythonIndex } from './indexes.node.ts';

let proxies: EnvHttpProxyAgent | undefined;

/** @throws SparseError DOWNLOAD_FAILED for no answer and for any status but 2xx; AbortError */
export async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  proxies ??= new EnvHttpProxyAgent();
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
  throw failed(url, new Error(`status ${response.status}`));
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
export function failed(url: string, error: Error): SparseError {
  const reason = error.cause instanceof Error ? error.cause.message || (error.cause as NodeJS.ErrnoException).code : error.message;
  return new SparseError(
    'DOWNLOAD_FAILED',
    url,
    'an answer',
    new Error(reason),
    'Run it again, it goes on where it stopped; or fetch the files elsewhere and give their folder with --from',
    {
      cause: error,
    },
  );
}
