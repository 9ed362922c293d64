// How many connections a server has open at a time, in all and from one address. Each surface counts its own.

import type { Server, Socket } from 'node:net';

export interface ConnectionLimits {
  /** Connections at a time, default 1024; of one address, default 128. */
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  /** Told of every connection that is one too many. */
  readonly onRefusedConnection?: () => void;
}

/** Closes connections that are too many as soon as they are made. */
export function limitConnections(server: Server, options: ConnectionLimits): void {
  const { maxConnections = 1024, maxConnectionsPerAddress = 128, onRefusedConnection = () => {} } = options;
  server.maxConnections = maxConnections;
  server.on('drop', onRefusedConnection);
  const open = new Map<string, number>();
  // First of all listeners: whoever serves connections is not to begin with one that is refused.
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > maxConnectionsPerAddress) {
      onRefusedConnection();
      return void socket.destroy();
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = open.get(address)! - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}
