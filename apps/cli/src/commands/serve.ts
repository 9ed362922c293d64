/** `freetickets serve`: exported models over HTTP until told to stop. */
import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { basename } from 'node:path';
import { type RunningServer, serve } from '@freetickets/inference';
import { SparseError } from '@freetickets/sparse-core';
import type { Talk } from '../talk.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly threads?: number;
}

export interface Serving {
  readonly server: RunningServer;
  readonly models: readonly { readonly name: string; readonly path: string }[];
}

/** @param texts paths, or `name=path`; a path alone is served under the file's name without `.onnx` */
export async function serveModels(texts: readonly string[], { host, port, threads }: ServeOptions, talk: Talk): Promise<Serving> {
  const models = new Map<string, { path: string }>();
  for (const text of texts) {
    const { name, path } = modelOf(text);
    if (models.has(name)) throw new SparseError('INVALID_CONFIG', text, 'a name that no other model has', name, 'Write name=path');
    models.set(name, { path });
  }
  if (!isLoopback(host)) talk.say(`note: other machines can reach ${host}, and the server asks nobody who they are.`);
  const server = await serve({
    models: Object.fromEntries(models),
    host,
    port,
    log: !talk.quiet,
    ...(threads !== undefined && { threads }),
  });
  return { server, models: [...models].map(([name, { path }]) => ({ name, path })) };
}

function modelOf(text: string): { name: string; path: string } {
  const [, given, rest] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const named = given !== undefined && rest !== undefined && !existsSync(text);
  const [name, path] = named ? [given, rest] : [basename(text).replace(/\.onnx$/i, ''), text];
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) return { name, path };
  const expected = 'a name of at most 128 letters, digits, ".", "_" and "-"';
  throw new SparseError('INVALID_CONFIG', text, expected, name, 'Write name=path to give the model another');
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

export const servingText = ({ server, models }: Serving): string =>
  models.map(({ name, path }) => `serving ${path} at ${server.address}/v2/models/${name}`).join('\n');
