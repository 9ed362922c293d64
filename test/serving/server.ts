/** The built command `freetickets-inference` as a process, serving the models of test/golden/serving on free ports. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const GOLDEN = fileURLToPath(new URL('../golden/serving', import.meta.url));
const MAIN = fileURLToPath(new URL('../../apps/inference/dist/main.js', import.meta.url));

export interface Server {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
  readonly stderr: () => string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts it and waits until it listens. The models lie in a folder of their own, so that a test may change them. */
export async function startServer(args: readonly string[] = []): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'serving-'));
  cpSync(join(GOLDEN, 'models'), folder, { recursive: true });
  const options = ['--repository', folder, '--port', '0', '--grpc-port', '0', '--metrics-port', '0', '--threads', '1', ...args];
  const child = spawn(process.execPath, [MAIN, ...options], { stdio: ['ignore', 'inherit', 'pipe'] });
  let stderr = '';
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  const ports = await new Promise<readonly number[]>((resolve, reject) => {
    ended.then((code) => reject(new Error(`the server ended with ${code}: ${stderr}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
      const found = /listens on \S+:(\d+), gRPC on port (\d+), metrics on port (\d+)/.exec(stderr);
      if (found) resolve(found.slice(1).map(Number));
    });
  });
  const [http = 0, grpc = 0, metrics = 0] = ports;
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { http, grpc, metrics, stderr: () => stderr, stop };
}
