// The end of the HTTP surface: requests in flight are answered and their connections closed, idle connections are closed at once.
// Fastify's own `close` waits for idle keep-alive connections, whose clients know of nothing.

import type { FastifyInstance } from 'fastify';

/** How often connections that became idle are looked for. */
const sweepMs = 50;

/** Adds the hooks that `close` needs; `draining` is asked at every answer, so clients leave before they are cut off. */
export function addDrain(app: FastifyInstance, draining: () => boolean): void {
  let closing = false;
  app.addHook('onSend', async (_request, reply) => {
    if (closing || draining()) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    closing = true;
    const sweep = setInterval(() => app.server.closeIdleConnections(), sweepMs);
    app.server.closeIdleConnections();
    app.server.once('close', () => clearInterval(sweep));
  });
}

/** Stops listening, lets requests in flight finish, and cuts off what is left after so many milliseconds. */
export async function closeApp(app: FastifyInstance, limitMs: number): Promise<void> {
  const limit = setTimeout(() => app.server.closeAllConnections(), limitMs);
  await app.close();
  clearTimeout(limit);
}
