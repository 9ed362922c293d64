// The page at /playground: files that the build made, held in memory, and what the page has to know of the models. The files are for
// everybody who reaches the server; models and their files need the scopes of their kind.

import { readdirSync, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeOnnx, fromOnnx } from '@freetickets/onnx-export';
import { encodeTicket } from '@freetickets/sparse-core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Repository } from '../repository/repository.ts';
import type { ServedVersion } from '../repository/served-version.ts';
import { ServiceError } from '../service-error.ts';

/** Where the build puts the page; the same whether this file runs from src or from dist. */
const folder = fileURLToPath(new URL('../../dist/playground', import.meta.url));

const LARGEST_MODEL = 2 ** 26;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
};

/** The page fetches from its own server alone, and may compile WebAssembly. Charts set styles of their elements. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function addPlayground(app: FastifyInstance, repository: Repository): void {
  const files = pageFiles();
  const send = (path: string) => (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .headers({
        'content-type': types[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        // Built names carry a hash of what is in them; the page itself may change.
        'cache-control': path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      })
      .send(files.get(path));
  for (const path of files.keys()) app.get(`/playground/${path}`, send(path));
  if (files.has('index.html')) {
    app.get('/playground/', send('index.html'));
    app.get('/playground', (_request, reply) => reply.redirect('/playground/'));
  }
  app.get('/playground/models', { config: { scope: 'metadata' } }, async () => pictureModels(repository));
  app.get('/playground/models/:model/tickets', { config: { scope: 'model-repository' } }, async (request) => {
    const { model } = request.params as { readonly model: string };
    return ticketsIn(repository.model(model).version().path);
  });
}

/**
 * A model's tickets for the engine in the page, as ticket files in base64. They are read out of the model's file here: its format takes a
 * reader that makes code while it runs, which the page may not.
 */
async function ticketsIn(path: string): Promise<object> {
  const { size } = await stat(path);
  if (size > LARGEST_MODEL)
    throw new ServiceError('too-large', `a model of ${size} bytes is too large for a page; the limit is ${LARGEST_MODEL}`);
  const bytes = await readFile(path);
  const { freetickets } = describeOnnx(bytes, 'the model');
  if (!freetickets) throw new ServiceError('invalid', 'expected a model exported by FreeTickets, which alone can be computed in the page');
  const tickets = fromOnnx(bytes, 'the model').map((ticket) => Buffer.from(encodeTicket(ticket)).toString('base64'));
  const { calibration = null, normalization } = freetickets;
  return { tickets, calibration, normalization: normalization?.inGraph ? normalization : null };
}

/** By path below the folder; none where the page was not built. */
function pageFiles(): ReadonlyMap<string, Buffer> {
  const names = (() => {
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' });
    } catch {
      return []; // the server runs without its page
    }
  })();
  const files = names.filter((name) => extname(name) !== '');
  return new Map(files.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name))]));
}

/** Loaded models with one picture as their input. */
function pictureModels(repository: Repository): object[] {
  const versions = repository.models.flatMap(({ loaded }) => loaded.slice(-1));
  return versions.flatMap((served) => {
    const { name, inputs, outputs } = served.metadata;
    const [input] = inputs;
    const shape = input?.shape.slice(1) ?? [];
    const takesPictures = inputs.length === 1 && input!.datatype === 'FP32' && shape.length === 3 && shape.every((size) => size > 0);
    const answers = outputs.some((output) => output.name === 'probabilities');
    if (!takesPictures || !answers) return [];
    return [
      {
        name,
        version: served.version,
        input: input!.name,
        shape,
        classes: classesOf(served),
        outputs: outputs.map((output) => output.name),
      },
    ];
  });
}

function classesOf({ classes, metadata: { outputs } }: ServedVersion): readonly string[] {
  const count = outputs.find(({ name }) => name === 'probabilities')?.shape.at(-1) ?? 0;
  return classes ?? Array.from({ length: Math.max(0, count) }, (_, index) => String(index));
}
