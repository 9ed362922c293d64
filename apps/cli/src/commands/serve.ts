/** `freetickets serve`: exported models over HTTP until told to stop. */
import { basename } from 'node:path';
import { type RunningServer, type ServeConfig, serve } from '@freetickets/inference';
import { SparseError } from '@freetickets/sparse-core';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly threads?: number;
}

/** Models are served under their file's name without `.onnx`; `name=path` gives another. */
export async function serveModels(models: readonly string[], { host, port, threads }: ServeOptions): Promise<RunningServer> {
  const named: Record<string, { path: string }> = {};
  for (const model of models) {
    const [, name = basename(model).replace(/\.onnx$/i, ''), path = model] = /^([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)$/.exec(model) ?? [];
    if (Object.hasOwn(named, name)) throw new SparseError('INVALID_CONFIG', model, 'a name that no other model has', name, 'Write name=path');
    named[name] = { path };
  }
  const config: ServeConfig = { models: named, host, port, ...(threads !== undefined && { threads }) };
  return serve(config);
}
