// grpc.health.v1: what Kubernetes' gRPC probes and load balancers ask.

import type { InferenceService } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { type Method, method } from './methods.ts';

const services = new Set(['', 'grpc.health.v1.Health', 'inference.GRPCInferenceService']);

/** `Watch` is not among them, which the specification allows: clients then take the server as healthy. */
export function healthMethods(service: InferenceService): Readonly<Record<string, Method>> {
  return {
    Check: method('health', ({ service: asked }: { service: string }) => {
      if (!services.has(asked)) throw new ServiceError('not-found', `unknown service ${JSON.stringify(asked)}`);
      return { status: service.ready() ? 'SERVING' : 'NOT_SERVING' };
    }),
  };
}
