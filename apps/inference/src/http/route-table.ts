import type { FastifyInstance, HTTPMethods, onRequestHookHandler, RouteHandlerMethod } from 'fastify';
import type { Scope } from '../service.ts';

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Adds routes, remembers them, and answers 405 to other methods at the same addresses. */
export class RouteTable {
  readonly #app: FastifyInstance;
  readonly #methodsOf = new Map<string, Set<string>>();

  readonly #onRoute: ((method: string, url: string) => void) | undefined;

  /** @param onRoute  told of every route */
  constructor(app: FastifyInstance, onRoute?: (method: string, url: string) => void) {
    this.#app = app;
    this.#onRoute = onRoute;
  }

  /**
   * Fastify answers HEAD where there is GET.
   *
   * @param onRequest  called before the body is read
   */
  add(method: 'GET' | 'POST', url: string, scope: Scope, handler: RouteHandlerMethod, onRequest?: onRequestHookHandler): void {
    this.#app.route({ method, url, handler, config: { scope }, ...(onRequest && { onRequest }) });
    this.#onRoute?.(method, url);
    const known = this.#methodsOf.get(url) ?? new Set();
    this.#methodsOf.set(url, known.add(method));
    if (method === 'GET') known.add('HEAD');
  }

  /** Call it when all routes are there. */
  refuseOtherMethods(): void {
    for (const [url, known] of this.#methodsOf) {
      const others = methods.filter((method) => !known.has(method as string));
      const allow = [...known].sort().join(', ');
      this.#app.route({
        method: others,
        url,
        handler: (_request, reply) => reply.code(405).header('allow', allow).send({ error: 'Method Not Allowed' }),
      });
    }
  }
}
