/** One GET over HTTP, through the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, which Node's own fetch passes by. */
import { SparseError } from '@freetickets/sparse-core';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

let proxies: EnvHttpProxyAgent | undefined;

/** @throws SparseError DOWNLOAD_FAILED for no answer and for any status but 2xx; AbortError */
export async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  proxies ??= new EnvHttpProxyAgent();
  const response = await fetch(url, { headers, dispatcher: proxies, ...(signal && { signal }) }).catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw failed(url, error);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(url, new Error(`status ${response.status}`));
}

/** fetch hides what happened in its error's cause. */
export function failed(url: string, error: Error): SparseError {
  const reason = error.cause instanceof Error ? error.cause.message || (error.cause as NodeJS.ErrnoException).code : error.message;
  return new SparseError('DOWNLOAD_FAILED', url, 'an answer', new Error(reason), 'Run the command again: it goes on where it stopped', {
    cause: error,
  });
}
