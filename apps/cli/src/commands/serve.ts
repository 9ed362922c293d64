/** `freetickets serve`: exported models over HTTP and gRPC until told to stop. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type OptionValues, type RunningServer, readServerOptions, serve } from '@freetickets/inference';
import { SparseError } from '@freetickets/sparse-core';
import { refuseRun } from '../refuse-run.ts';
import type { Talk } from '../talk.ts';

export interface Serving {
  readonly server: RunningServer;
  readonly models: readonly { readonly name: string; readonly path: string }[];
}

/**
 * @param texts   paths, or `name=path`; a path alone is served under the file's name without `.onnx`
 * @param values  the server's flags by name
 */
export async function serveModels(texts: readonly string[], values: OptionValues, talk: Talk): Promise<Serving> {
  const models = new Map<string, { path: string }>();
  for (const text of texts) {
    const { name, path } = modelOf(text);
    if (models.has(name)) throw new SparseError('INVALID_CONFIG', text, 'a name that no other model has', name, 'Write name=path');
    refuseRun(path);
    models.set(name, { path });
  }
  if (models.size === 0 && values.repository === undefined)
    throw new SparseError('INVALID_CONFIG', 'models', 'at least one ONNX file, or --repository', new Error('neither'));
  const options = readServerOptions(values);
  const server = await serve({
    ...options,
    models: Object.fromEntries(models),
    logLevel: options.logLevel ?? (talk.quiet ? 'error' : 'warn'),
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

export function servingText({ server, models }: Serving): string {
  const loaded = server.service.repository.models.flatMap((model) => model.loaded.map(({ engine }) => ({ name: model.name, engine })));
  const what = (name: string) => models.find((model) => model.name === name)?.path ?? name;
  return loaded
    .map(({ name, engine }) => `serving ${what(name)} at ${server.address}/v2/models/${name} (${engine.name}: ${engine.why})`)
    .join('\n');
}
