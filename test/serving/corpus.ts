/** The recorded requests of test/golden/serving, and asking a server the same. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { GOLDEN } from './server.ts';

/** A body as the files hold it: text, or base64 where it is no UTF-8. */
interface Packed {
  readonly body?: string;
  readonly base64?: string;
}

export interface HttpAnswer extends Packed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpExchange extends Packed {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: HttpAnswer;
}

export interface GrpcAnswer {
  /** The status code's name. */
  readonly status: string;
  readonly details?: string;
  /** The response message, where the status is OK. */
  readonly base64?: string;
}

export interface GrpcExchange {
  readonly name: string;
  readonly rpc: string;
  readonly base64: string;
  readonly answer: GrpcAnswer;
}

export const recorded = <T>(file: string): readonly T[] =>
  (JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')) as { exchanges: readonly T[] }).exchanges;

export const bytesOf = ({ body, base64 }: Packed): Buffer | undefined =>
  base64 !== undefined ? Buffer.from(base64, 'base64') : body === undefined ? undefined : Buffer.from(body);

/** What a server answers to a recorded request, sent byte for byte. */
export function askHttp(port: number, exchange: HttpExchange): Promise<HttpAnswer> {
  const { method, path, headers } = exchange;
  const body = bytesOf(exchange);
  const length = body === undefined ? {} : { 'Content-Length': String(body.length) };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const base64 = Buffer.concat(chunks).toString('base64');
        resolve({ status: response.statusCode!, headers: response.headers as Record<string, string>, base64 });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
