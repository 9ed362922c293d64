import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limitTurns } from './turns.ts';

const request = 'POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody';

/** Asks again as soon as it has its answer, so many times; resolves with the number of answers. */
function askAgainAndAgain(socket: Socket, times: number): Promise<number> {
  let answers = 0;
  const done = new Promise<number>((resolve) => {
    const onData = (chunk: Buffer) => {
      answers += chunk.toString().split('HTTP/1.1 200 OK').length - 1;
      if (answers < times) return void socket.write(request);
      socket.off('data', onData);
      resolve(answers);
    };
    socket.on('data', onData);
    socket.on('close', () => resolve(answers));
  });
  socket.write(request);
  return done;
}

describe('limitTurns', () => {
  it('takes on no more than 64 requests in a turn once more ask at the same time, and answers all', async () => {
    const turns: number[] = [];
    let inTurn = 0;
    const server = createServer((_request, response) => {
      if (inTurn++ === 0) {
        setImmediate(() => {
          turns.push(inTurn);
          inTurn = 0;
        });
      }
      response.end('answer');
    });
    limitTurns(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => askAgainAndAgain(socket, 1))); // so that all have been let in
    turns.length = 0;
    const answers = await Promise.all(sockets.map((socket) => askAgainAndAgain(socket, 10)));
    for (const socket of sockets) socket.destroy();
    server.close();
    expect(answers).toEqual(Array(300).fill(10));
    expect(turns.reduce((sum, count) => sum + count, 0)).toBe(3000);
    const crowded = turns.findIndex((count) => count > 64);
    expect(Math.max(...turns.slice(crowded + 1))).toBeLessThanOrEqual(64);
  });
});
