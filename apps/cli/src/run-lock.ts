/**
 * One process at a time writes to a run folder. The lock is a local socket and not a file, because the system frees a socket however its
 * process ends; a file would stay behind after kill -9. It works among the processes of one machine.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';

/**
 * @param folder has to exist
 * @throws SparseError ALREADY_EXISTS when another process trains in the folder
 */
export async function lockRun(folder: string): Promise<AsyncDisposable> {
  const address = addressOf(realpathSync(folder));
  let held = await listen(address);
  // On Linux and Windows the name goes with its process; elsewhere a file may outlive it.
  if (held === 'taken' && !(await answers(address))) {
    await rm(address, { force: true });
    held = await listen(address);
  }
  if (held !== 'taken') return held;
  throw new SparseError('ALREADY_EXISTS', folder, 'a run that nobody else works on', new Error('one that another process trains'));
}

function addressOf(path: string): string {
  const name = `freetickets-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(address: string): Promise<AsyncDisposable | 'taken'> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).unref();
    const close = () => new Promise<void>((done) => server.close(() => done()));
    server.once('error', (error: NodeJS.ErrnoException) => {
      // Where sockets are forbidden altogether, training without a lock is better than none.
      resolve(error.code === 'EADDRINUSE' ? 'taken' : { [Symbol.asyncDispose]: async () => {} });
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
