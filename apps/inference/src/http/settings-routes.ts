// Triton's addresses for trace and log settings, and those for shared memory, which are refused.

import { SparseError } from '@freetickets/sparse-core';
import type { FastifyRequest } from 'fastify';
import { fields } from '../protocol/fields.ts';
import type { InferenceService, LogSettings, TraceSettings } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { parseJson } from './body.ts';
import type { RouteTable } from './route-table.ts';

export function addSettingsRoutes(routes: RouteTable, service: InferenceService): void {
  for (const url of ['/v2/trace/setting', '/v2/models/:model/trace/setting']) {
    const modelOf = (request: FastifyRequest) => (request.params as { readonly model?: string }).model;
    routes.add('GET', url, 'trace', async (request) => traceJson(service.traceSettings(modelOf(request))));
    routes.add('POST', url, 'trace', async (request) => traceJson(service.updateTraceSettings(readTrace(request), modelOf(request))));
  }
  routes.add('GET', '/v2/logging', 'logging', async () => service.logSettings());
  routes.add('POST', '/v2/logging', 'logging', async (request) => service.updateLogSettings(readLog(request)));
  for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
    const refuse = async () => {
      throw new ServiceError('unsupported', 'shared memory is not offered: send tensors in the request');
    };
    for (const url of [`/v2/${kind}/status`, `/v2/${kind}/region/:name/status`]) routes.add('GET', url, 'inference', refuse);
    for (const end of ['register', 'unregister']) routes.add('POST', `/v2/${kind}/region/:name/${end}`, 'inference', refuse);
    routes.add('POST', `/v2/${kind}/unregister`, 'inference', refuse);
  }
}

/** On the wire only `trace_level` is a list. */
const traceJson = (settings: TraceSettings): object =>
  Object.fromEntries(Object.entries(settings).map(([key, values]) => [key, key === 'trace_level' ? values : (values[0] ?? '')]));

/** `null` clears a setting. */
function readTrace(request: FastifyRequest): TraceSettings {
  return Object.fromEntries(
    Object.entries(requiredFields(request)).map(([key, value]) => {
      const values = value === null ? [] : Array.isArray(value) ? value : [value];
      const odd = values.find((one) => typeof one !== 'string');
      if (odd !== undefined) throw new SparseError('INVALID_ARGUMENT', `/${key}`, 'a string, an array of strings or null', value);
      return [key, values as string[]];
    }),
  );
}

function readLog(request: FastifyRequest): LogSettings {
  const given = requiredFields(request);
  for (const [key, value] of Object.entries(given)) {
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new SparseError('INVALID_ARGUMENT', `/${key}`, 'a string, a number, true or false', value);
  }
  return given as LogSettings;
}

const requiredFields = (request: FastifyRequest) => fields(parseJson((request.body as Buffer | null) ?? Buffer.alloc(0)), 'request body');
