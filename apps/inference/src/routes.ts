// The REST surface of the Open Inference Protocol: which address answers what. What is inside the JSON is protocol.ts.

import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteHandlerMethod } from 'fastify';
import { parseJson } from './body.ts';
import { httpError } from './http-error.ts';
import { inferResponse, modelMetadata, modelVersion, readInferRequest } from './protocol.ts';
import type { ModelProcess } from './supervisor.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

type ModelHandler = (model: ModelProcess, request: FastifyRequest, reply: FastifyReply) => unknown;

/** Adds every route; `models` is read anew at each request. */
export function addRoutes(app: FastifyInstance, models: ReadonlyMap<string, ModelProcess>): void {
  const metadata = { name: 'freetickets-inference', version, extensions: [] };
  const route = (method: 'GET' | 'POST', url: string, handler: RouteHandlerMethod) => addRoute(app, method, url, handler);
  const modelRoute = (method: 'GET' | 'POST', end: string, handler: ModelHandler) => {
    const withModel: RouteHandlerMethod = async (request, reply) => handler(find(models, request.params as ModelParams), request, reply);
    route(method, `/v2/models/:model${end}`, withModel);
    route(method, `/v2/models/:model/versions/:version${end}`, withModel);
  };

  route('GET', '/v2', async () => metadata);
  route('GET', '/v2/', async () => metadata);
  route('GET', '/v2/health/live', async () => ({ live: true }));
  route('GET', '/v2/health/ready', async (_request, reply) => {
    const ready = [...models.values()].every((model) => model.ready);
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  modelRoute('GET', '', (model) => modelMetadata(model.name, model));
  modelRoute('GET', '/ready', (model, _request, reply) =>
    reply.code(model.ready ? 200 : 503).send({ name: model.name, ready: model.ready }),
  );
  modelRoute('POST', '/infer', infer);
}

async function infer(model: ModelProcess, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (request.headers['inference-header-content-length'] !== undefined) {
    throw httpError(
      400,
      'Inference-Header-Content-Length: expected a body of JSON alone, received one with binary tensors. Send `data` as arrays (binary_data=False in Triton clients)',
    );
  }
  const asked = readInferRequest(parseJson((request.body as Buffer | null | undefined) ?? Buffer.alloc(0)), model.name, model);
  const results = await model.infer(asked.feeds, asked.outputs);
  return reply.type('application/json').send(inferResponse(model.name, asked, results));
}

interface ModelParams {
  readonly model: string;
  readonly version?: string;
}

function find(models: ReadonlyMap<string, ModelProcess>, { model: name, version: wanted }: ModelParams): ModelProcess {
  const model = models.get(name);
  if (model === undefined) throw httpError(404, `Request for unknown model: '${name}' is not found`);
  if (wanted !== undefined && wanted !== modelVersion)
    throw httpError(404, `Request for unknown model: '${name}' version ${wanted} is not found`);
  return model;
}

/** A route, and the answer 405 for every other method at its address. Fastify answers HEAD where there is GET. */
function addRoute(app: FastifyInstance, method: 'GET' | 'POST', url: string, handler: RouteHandlerMethod): void {
  app.route({ method, url, handler });
  const allowed = method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
  const others = methods.filter((other) => !allowed.includes(other));
  const refuse: RouteHandlerMethod = (_request, reply) =>
    reply.code(405).header('allow', allowed.join(', ')).send({ error: 'Method Not Allowed' });
  app.route({ method: others, url, handler: refuse });
}
