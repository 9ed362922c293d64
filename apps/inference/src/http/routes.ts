// The REST surface of the Open Inference Protocol and Triton's extensions: which address answers what. What a request means is the
// service's business; how an inference is read and written is infer.ts.

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { fields, flag, list, text } from '../protocol/fields.ts';
import type { Caller, Gate, InferenceService, LoadParameters, Scope } from '../service.ts';
import { parseJson } from './body.ts';
import { infer } from './infer.ts';
import { openApi } from './openapi.ts';
import { RouteTable } from './route-table.ts';
import { addSettingsRoutes } from './settings-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: Scope;
  }
  interface FastifyRequest {
    caller?: Caller;
  }
}

/** A handler that gets the model's name and version from the address. */
type ModelHandler = (model: string, version: string | undefined, request: FastifyRequest, reply: FastifyReply) => unknown;

export function addRoutes(
  app: FastifyInstance,
  service: InferenceService,
  gate: Gate,
  onRoute?: (method: string, url: string) => void,
): void {
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    const header = (name: string) => joined(request.headers[name]);
    const certificate = commonName(request);
    request.caller = gate.admit({ address: request.ip, header, ...(certificate && { certificate }) }, scope);
  });
  const routes = new RouteTable(app, onRoute);
  const modelRoute = (method: 'GET' | 'POST', end: string, scope: Scope, handler: ModelHandler) => {
    const withModel: RouteHandlerMethod = async (request, reply) => {
      const { model, version } = request.params as { readonly model: string; readonly version?: string };
      return handler(model, version, request, reply);
    };
    routes.add(method, `/v2/models/:model${end}`, scope, withModel);
    routes.add(method, `/v2/models/:model/versions/:version${end}`, scope, withModel);
  };
  addHealthRoutes(routes, service);
  for (const url of ['/v2', '/v2/']) routes.add('GET', url, 'metadata', async () => service.serverMetadata());
  routes.add('GET', '/openapi.json', 'metadata', async () => openApi(service.serverMetadata().version));
  modelRoute('GET', '/ready', 'health', (name, version, _request, reply) => {
    const ready = service.modelReady(name, version);
    return reply.code(ready ? 200 : 503).send({ name, ready });
  });
  modelRoute('GET', '', 'metadata', (model, version) => service.modelMetadata(model, version));
  modelRoute('GET', '/config', 'model-config', (model, version) => service.modelConfig(model, version));
  modelRoute('GET', '/stats', 'statistics', (model, version) => ({ model_stats: service.statistics(model, version) }));
  modelRoute('GET', '/drift', 'statistics', (model, version) => service.drift(model, version));
  routes.add('GET', '/v2/models/stats', 'statistics', async () => ({ model_stats: service.statistics() }));
  modelRoute('POST', '/infer', 'inference', (model, version, request, reply) => infer(service, model, version, request, reply));
  addRepositoryRoutes(routes, service);
  addSettingsRoutes(routes, service);
  routes.refuseOtherMethods();
}

function addHealthRoutes(routes: RouteTable, service: InferenceService): void {
  routes.add('GET', '/v2/health/live', 'health', async () => ({ live: true }));
  routes.add('GET', '/v2/health/ready', 'health', async (_request, reply) => {
    const ready = service.ready();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
}

function addRepositoryRoutes(routes: RouteTable, service: InferenceService): void {
  routes.add('POST', '/v2/repository/index', 'model-repository', async (request) => {
    const { ready = false } = bodyFields(request);
    return service.repositoryIndex({ ready: flag(ready, '/ready') });
  });
  routes.add('POST', '/v2/repository/models/:model/load', 'model-repository', async (request, reply) => {
    const given = fields(bodyFields(request).parameters ?? {}, '/parameters');
    await service.load((request.params as { model: string }).model, loadParameters(given));
    return reply.send('');
  });
  routes.add('POST', '/v2/repository/models/:model/unload', 'model-repository', async (request, reply) => {
    const { unload_dependents: dependents = false } = fields(bodyFields(request).parameters ?? {}, '/parameters');
    const unloadDependents = flag(dependents, '/parameters/unload_dependents');
    await service.unload((request.params as { model: string }).model, { unloadDependents });
    return reply.send('');
  });
}

/** Files come as base64, everything else as it is. */
function loadParameters(given: Readonly<Record<string, unknown>>): LoadParameters {
  const keys = list(Object.keys(given), '/parameters') as readonly string[];
  return Object.fromEntries(
    keys.map((key) => {
      const value = text(given[key], `/parameters/${key}`);
      return [key, key.startsWith('file:') ? Buffer.from(value, 'base64') : value];
    }),
  );
}

/** The JSON object of a body that may be left out. */
function bodyFields(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const body = request.body as Buffer | null | undefined;
  return body?.length ? fields(parseJson(body), 'request body') : {};
}

/** A header that came twice counts as both, so that nobody hides one behind the other. */
const joined = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(', ') : value);

function commonName(request: FastifyRequest): string | undefined {
  const { socket } = request.raw;
  if (!('getPeerCertificate' in socket) || !(socket as unknown as { authorized: boolean }).authorized) return undefined;
  const { subject } = (socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } }).getPeerCertificate();
  return subject?.CN;
}
