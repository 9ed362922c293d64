// The end of the HTTP surface: requests in flight are answered and their connections closed, idle connections are closed at once.
// Fastify's own `close` waits for idle keep-alive connections, whose clients know of nothing.

import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How often connections that became idle are looked for. */
const sweepMs = 50;

/** Adds the hooks that `close` needs; `draining` is asked at every answer, so clients leave before they are cut off. */
export function addDrain(app: FastifyInstance, draining: () => boolean): void {
  let closing = false;
  const open = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing || draining()) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    closing = true;
    const sweep = () => {
      app.server.closeIdleConnections();
      // Node takes a connection that has never said anything for one whose request is under way.
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    };
    sweep();
    const timer = setInterval(sweep, sweepMs);
    app.server.once('close', () => clearInterval(timer));
  });
}

/** Stops listening, lets requests in flight finish, and cuts off what is left after so many milliseconds. */
export async function closeApp(app: FastifyInstance, limitMs: number): Promise<void> {
  const limit = setTimeout(() => app.server.closeAllConnections(), limitMs);
  await app.close();
  clearTimeout(limit);
}
