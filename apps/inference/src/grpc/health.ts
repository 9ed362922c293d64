// grpc.health.v1: what Kubernetes' gRPC probes and load balancers ask.

import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import type { InferenceService } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { type Method, method } from './methods.ts';
import { decode, messageType } from './schema.ts';
import { failure, type Surface } from './surface.ts';

interface HealthRequest {
  readonly service: string;
}
type Status = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

const requestType = messageType('grpc.health.v1.HealthCheckRequest');
const responseType = messageType('grpc.health.v1.HealthCheckResponse');
const services = new Set(['', 'grpc.health.v1.Health', 'inference.GRPCInferenceService']);
/** How often the state is looked at while somebody watches; nothing tells of all that it depends on. */
const lookMs = 100;

export function healthMethods(service: InferenceService): Readonly<Record<string, Method>> {
  return {
    Check: method('health', ({ service: asked }: HealthRequest) => {
      if (!services.has(asked)) throw new ServiceError('not-found', `unknown service ${JSON.stringify(asked)}`);
      return { status: statusOf(service) };
    }),
  };
}

const statusOf = (service: InferenceService): Status => (service.ready() ? 'SERVING' : 'NOT_SERVING');

type Watcher = ServerWritableStream<Buffer, Buffer>;

/** The streams of `Watch`: each is told the state at once, and then whenever it changes. */
export class HealthWatch {
  readonly #surface: Surface;
  /** What each was told last. */
  readonly #told = new Map<Watcher, Status>();
  #timer: NodeJS.Timeout | undefined;

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  readonly handler: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    try {
      const { service: asked } = decode<HealthRequest>(requestType, call.request);
      call.once('cancelled', () => this.#forget(call));
      // A service that is not there may come, says the specification, so that stream stays open too.
      this.#tell(call, services.has(asked) ? statusOf(this.#surface.service) : 'SERVICE_UNKNOWN');
      this.#timer ??= setInterval(() => this.#look(), lookMs);
    } catch (error) {
      call.emit('error', failure(error, this.#surface, 'Watch'));
    }
  };

  /** Says that nothing is served any more and ends the streams: a server that shuts down would wait for them. */
  close(): void {
    clearInterval(this.#timer);
    for (const call of [...this.#told.keys()]) {
      this.#tell(call, 'NOT_SERVING');
      call.end();
    }
    this.#told.clear();
  }

  #look(): void {
    const status = statusOf(this.#surface.service);
    for (const call of this.#told.keys()) this.#tell(call, status);
  }

  #tell(call: Watcher, status: Status): void {
    const before = this.#told.get(call);
    if (before === status || before === 'SERVICE_UNKNOWN') return;
    this.#told.set(call, status);
    call.write(encoded(status));
  }

  #forget(call: Watcher): void {
    this.#told.delete(call);
    if (this.#told.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const encoded = (status: Status): Buffer => responseType.encode(responseType.fromObject({ status })).finish() as Buffer;
