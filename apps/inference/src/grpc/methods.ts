// What each unary rpc of GRPCInferenceService answers: a decoded request in, the object of its response message out.

import type { CallContext, InferenceService, LoadParameters, LogSettings, Scope, TraceSettings } from '../service.ts';
import { explain, ServiceError } from '../service-error.ts';
import { parameterValue, type WireParameters } from './wire.ts';

export interface Method {
  readonly scope: Scope;
  /** Largest request; by default 1 MiB. */
  readonly maxBytes?: number;
  answer(request: never, context: CallContext): object | Promise<object>;
}

interface ModelRequest {
  readonly name: string;
  readonly version: string;
}

interface RepositoryRequest {
  readonly repository_name: string;
  readonly model_name: string;
  readonly parameters: WireParameters;
}

interface TraceRequest {
  readonly model_name: string;
  readonly settings: Readonly<Record<string, { readonly value: readonly string[] }>>;
}

export const method = <T>(scope: Scope, answer: (request: T, context: CallContext) => object | Promise<object>): Method => ({
  scope,
  answer,
});

/** The unary rpcs but ModelInfer, by name. */
export function unaryMethods(service: InferenceService): Readonly<Record<string, Method>> {
  const refused = method('inference', () => {
    throw new ServiceError('unsupported', 'shared memory is not offered: send tensors in raw_input_contents');
  });
  return {
    ServerLive: method('health', () => ({ live: true })),
    ServerReady: method('health', () => ({ ready: service.ready() })),
    ModelReady: method('health', ({ name, version }: ModelRequest) => ({ ready: modelReady(service, name, chosen(version)) })),
    ServerMetadata: method('metadata', () => service.serverMetadata()),
    ModelMetadata: method('metadata', ({ name, version }: ModelRequest) => service.modelMetadata(name, chosen(version))),
    ModelConfig: method('model-config', ({ name, version }: ModelRequest) => ({ config: service.modelConfig(name, chosen(version)) })),
    ModelStatistics: method('statistics', ({ name, version }: ModelRequest) => ({
      model_stats: service.statistics(chosen(name), chosen(version)),
    })),
    RepositoryIndex: method('model-repository', ({ repository_name, ready }: { repository_name: string; ready: boolean }) => {
      oneRepository(repository_name);
      return { models: service.repositoryIndex({ ready }) };
    }),
    RepositoryModelLoad: {
      ...method('model-repository', async ({ repository_name, model_name, parameters }: RepositoryRequest) => {
        oneRepository(repository_name);
        await service.load(model_name, loadParameters(parameters));
        return {};
      }),
      maxBytes: Number.POSITIVE_INFINITY, // may hold a model
    },
    RepositoryModelUnload: method('model-repository', async ({ repository_name, model_name, parameters }: RepositoryRequest) => {
      oneRepository(repository_name);
      await service.unload(model_name, { unloadDependents: loadParameters(parameters).unload_dependents === true });
      return {};
    }),
    SystemSharedMemoryStatus: refused,
    SystemSharedMemoryRegister: refused,
    SystemSharedMemoryUnregister: refused,
    CudaSharedMemoryStatus: refused,
    CudaSharedMemoryRegister: refused,
    CudaSharedMemoryUnregister: refused,
    TraceSetting: method('trace', ({ model_name, settings }: TraceRequest) => traceSetting(service, chosen(model_name), settings)),
    LogSettings: method('logging', ({ settings }: { settings: WireParameters }) => logSettings(service, settings)),
  };
}

/** A model that is not there is not ready: clients ask for it in loops until it is. */
function modelReady(service: InferenceService, name: string, version: string | undefined): boolean {
  try {
    return service.modelReady(name, version);
  } catch (error) {
    if (explain(error).reason === 'not-found') return false;
    throw error;
  }
}

/** An empty string is how a proto3 message leaves a field out. */
const chosen = (text: string): string | undefined => (text === '' ? undefined : text);

function oneRepository(name: string): void {
  if (name !== '') throw new ServiceError('unsupported', `repository_name: expected none, received ${JSON.stringify(name)}`);
}

const loadParameters = (parameters: WireParameters): LoadParameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, parameterValue(value, `parameters.${name}`)]));

function traceSetting(service: InferenceService, model: string | undefined, wire: TraceRequest['settings']): object {
  const changes: TraceSettings = Object.fromEntries(Object.entries(wire).map(([name, { value }]) => [name, value]));
  const settings = Object.keys(changes).length > 0 ? service.updateTraceSettings(changes, model) : service.traceSettings(model);
  return { settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }])) };
}

function logSettings(service: InferenceService, wire: WireParameters): object {
  const changes = Object.fromEntries(
    Object.entries(wire).map(([name, value]) => [name, parameterValue(value, `settings.${name}`)]),
  ) as LogSettings;
  const settings = Object.keys(changes).length > 0 ? service.updateLogSettings(changes) : service.logSettings();
  return { settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, logSetting(value)])) };
}

function logSetting(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { bool_param: value };
  return typeof value === 'number' ? { uint32_param: value } : { string_param: value };
}
