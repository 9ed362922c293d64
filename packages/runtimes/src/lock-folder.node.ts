/**
 * One process at a time works in a folder. The lock is a local socket and not a file, because the system frees a socket however its
 * process ends; a file would stay behind after kill -9. It works among the processes of one machine.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @param folder has to exist
 * @returns the lock, to be disposed of; undefined when another process has it
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable | undefined> {
  const address = addressOf(realpathSync(folder));
  const held = await listen(address);
  // On Linux and Windows the name goes with its process; elsewhere a file may outlive it.
  if (held !== undefined || (await answers(address))) return held;
  await rm(address, { force: true });
  return listen(address);
}

function addressOf(path: string): string {
  const name = `freetickets-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(address: string): Promise<AsyncDisposable | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).unref();
    const close = () => new Promise<void>((done) => server.close(() => done()));
    server.once('error', (error: NodeJS.ErrnoException) => {
      // Where sockets are forbidden altogether, work without a lock is better than none.
      resolve(error.code === 'EADDRINUSE' ? undefined : { [Symbol.asyncDispose]: async () => {} });
    });
    server.listen(address, () => resolve({ [Symbol.asyncDispose]: close }));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
