/** A closed loop: so many clients, each of which sends its next request when it has the answer to the last. */
import { Client } from 'undici';
import { percentile } from '../statistics.ts';

export interface Question {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Load {
  readonly clients: number;
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * One sample as clients of Triton send it, or as JSON alone.
 * @param shape of one sample
 */
export function questionOf(input: string, output: string, shape: readonly number[], data: Float32Array, binary: boolean): Question {
  const tensor = { name: input, datatype: 'FP32', shape: [1, ...shape] };
  const headers = { 'content-type': 'application/json' };
  if (!binary)
    return { body: Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: [...data] }], outputs: [{ name: output }] })), headers };
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ ...tensor, parameters: { binary_data_size: data.byteLength } }],
      outputs: [{ name: output, parameters: { binary_data: true } }],
    }),
  );
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return {
    body: Buffer.concat([json, bytes]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(json.length) },
  };
}

/** The numbers of the one output of an answer. */
export async function answerOf(url: string, { body, headers }: Question): Promise<readonly number[]> {
  const answer = await fetch(`${url}/infer`, { method: 'POST', headers, body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`status ${answer.status}: ${bytes.subarray(0, 200)}`);
  const length = Number(answer.headers.get('inference-header-content-length') ?? bytes.length);
  const { outputs } = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: [{ data?: number[] }] };
  return outputs[0].data ?? [...new Float32Array(bytes.buffer.slice(bytes.byteOffset + length, bytes.byteOffset + bytes.length))];
}

/** @param milliseconds after which no client asks again */
export async function closedLoop(url: string, question: Question, clients: number, milliseconds: number): Promise<Load> {
  const { origin, pathname } = new URL(`${url}/infer`);
  const times: number[] = [];
  const start = performance.now();
  const end = start + milliseconds;
  await Promise.all(Array.from({ length: clients }, () => client(origin, pathname, question, end, times)));
  const rate = (1000 * times.length) / (performance.now() - start);
  times.sort((a, b) => a - b);
  return { clients, rate, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function client(origin: string, path: string, { body, headers }: Question, end: number, times: number[]): Promise<void> {
  const connection = new Client(origin, { pipelining: 1 });
  while (performance.now() < end) {
    const asked = performance.now();
    const { statusCode, body: answer } = await connection.request({ method: 'POST', path, headers: { ...headers }, body });
    if (statusCode !== 200) throw new Error(`status ${statusCode}: ${(await answer.text()).slice(0, 200)}`);
    await answer.dump();
    times.push(performance.now() - asked);
  }
  await connection.close();
}
