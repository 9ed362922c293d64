// How much one turn of the event loop takes on. Node handles every connection that is ready before it looks at anything else; of a thousand
// that all ask at once that is a tenth of a second, in which no worker is given its next batch. So where many ask, connections that were
// answered are read again in the order in which that was, so many in each turn; the others' requests wait in the system's buffers meanwhile.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that one turn takes on where more are there: a few milliseconds' worth of refusals. */
const perTurn = 64;

export function limitTurns(server: Server): void {
  let begun = 0;
  let scheduled = false;
  const answered: Socket[] = [];
  const waiting: Socket[] = [];
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  };
  const turn = () => {
    scheduled = false;
    const crowded = begun > perTurn || waiting.length > 0;
    begun = 0;
    for (const socket of waiting.splice(0, perTurn)) socket.resume();
    for (const socket of answered.splice(0)) {
      if (!crowded || socket.destroyed) continue;
      socket.pause();
      waiting.push(socket);
    }
    if (waiting.length > 0) schedule();
  };
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    begun++;
    schedule();
    response.once('finish', () => {
      answered.push(socket);
      schedule();
    });
  });
}
