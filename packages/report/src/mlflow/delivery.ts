/**
 * Requests to a tracking server that may be down for a moment, or gone. What was refused is tried again a few times. What is not answered is not:
 * the server may have done it all the same, and a run that is begun twice would stand there twice.
 */

/** What was tried in vain, and why. */
export class Undeliverable extends Error {
  /** Not worth another try. */
  readonly final: boolean;

  constructor(message: string, final = false) {
    super(message);
    this.final = final;
  }
}

const PAUSES_MS = [500, 1000, 2000, 4000];
const TIMEOUT_MS = 20_000;

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object | undefined;
}

/** An answer that says no, and would say so again. */
export interface Refusal {
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly message: string;
}

export type Answer = { readonly ok: true; readonly body: unknown } | ({ readonly ok: false } & Refusal);

/** @throws Undeliverable when it was refused for some eight seconds, or not answered for twenty */
export async function deliver(request: Request): Promise<Answer> {
  for (const pause of PAUSES_MS) {
    const answer = await once(request);
    if (!(answer instanceof Undeliverable)) return answer;
    if (answer.final) throw answer;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const answer = await once(request);
  if (answer instanceof Undeliverable) throw answer;
  return answer;
}

/** What is worth another try comes back as the error that it would end with. */
async function once({ method, url, headers, body }: Request): Promise<Answer | Undeliverable> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const json = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method, signal, headers: { ...json, ...headers }, ...(body && { body: JSON.stringify(body) }) });
    const content = parsed(await answer.text());
    if (answer.ok) return { ok: true, body: content };
    const { error_code: errorCode, message = answer.statusText } = content as { error_code?: string; message?: string };
    if (answer.status === 429 || answer.status >= 500) return new Undeliverable(`it answers ${answer.status}: ${message}`);
    return { ok: false, status: answer.status, errorCode, message };
  } catch (error) {
    const late = (error as Error).name === 'TimeoutError';
    return late ? new Undeliverable(`no answer within ${TIMEOUT_MS / 1000} s`, true) : new Undeliverable(reasonOf(error));
  }
}

/** Not JSON where something else than the server answers. */
function parsed(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return { message: text.slice(0, 200) };
  }
}

/** fetch wraps what happened. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string; readonly message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
