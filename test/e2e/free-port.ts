/** Ports for programs that have to be told one. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give away by themselves, to whoever connects or asks for any port: nobody gets one of these by chance. */
const [FIRST, COUNT] = [20_000, 12_000];
const given = new Set<number>();

/** A port on which nobody listens, at any address of this machine, and which this process has not been given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(COUNT * Math.random());
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
