import type { AddressInfo } from 'node:net';
import { SparseError } from '@freetickets/sparse-core';
import { createApp, type ServerConfig } from './app.ts';

export interface ServeConfig extends ServerConfig {
  /** Address to listen on; default 127.0.0.1, which only this machine can reach. There is no authentication. */
  readonly host?: string;
  /** Default 8000; 0 takes any free port. */
  readonly port?: number;
}

/** A server that is listening. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8000`. */
  readonly address: string;
  /** Stops listening, lets requests in flight finish, and ends the models' processes. */
  close(): Promise<void>;
}

/**
 * Loads the models and listens.
 *
 * @throws SparseError as `createApp` does, and INVALID_ARGUMENT when the address cannot be listened on
 */
export async function serve({ host = '127.0.0.1', port = 8000, ...config }: ServeConfig): Promise<RunningServer> {
  const app = await createApp(config);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw cannotListen(host, port, error as NodeJS.ErrnoException);
  }
  const { address, family, port: bound } = app.server.address() as AddressInfo;
  return { address: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`, close: async () => app.close() };
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): SparseError {
  const inUse = error.code === 'EADDRINUSE';
  const received = new Error(inUse ? 'one that another program listens on' : error.message);
  return new SparseError('INVALID_ARGUMENT', `port ${port} of ${host}`, 'a free port', received, inUse ? 'Choose another port' : '', {
    cause: error,
  });
}
