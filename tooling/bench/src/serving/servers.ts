/** The servers of `pnpm bench serve`, each a process with one model of one thread, on this machine's own address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { SERVING_PYTHON } from '../environment.ts';
import { inBench, inRepository } from '../folders.ts';

/** How tensors travel: as raw bytes behind the JSON, which is Triton's extension of the protocol, or in it. */
export type TensorForm = 'binary' | 'JSON';

export interface ServerKind {
  readonly name: string;
  /** What it understands, and is measured with. */
  readonly forms: readonly TensorForm[];
  readonly command: (model: string, port: number) => readonly string[];
}

export interface Running {
  /** Of the model: `/infer` comes behind it. */
  readonly url: string;
  stop(): Promise<void>;
}

const ownServer = (engine: string) => (model: string, port: number) => [
  process.execPath,
  inRepository('apps/inference/dist/main.js'),
  ...['--model', `m=${model}`, '--engine', engine, '--threads', '1', '--no-playground'],
  ...['--port', String(port), '--max-connections-per-address', '1024'],
];
const python = (file: string, model: string, port: number, ...rest: string[]) => [
  SERVING_PYTHON,
  inBench(`peers/serving/${file}`),
  ...[model, String(port), ...rest],
];

export const SERVERS: readonly ServerKind[] = [
  { name: 'FreeTickets, sparse engine', forms: ['binary', 'JSON'], command: ownServer('sparse') },
  { name: 'FreeTickets, onnxruntime', forms: ['binary', 'JSON'], command: ownServer('onnxruntime-cpu') },
  {
    name: 'Triton',
    forms: ['binary', 'JSON'],
    command: (model, port) => python('triton_server.py', model, port, inBench('.cache/triton')),
  },
  { name: 'MLServer', forms: ['JSON'], command: (model, port) => python('mlserver_server.py', model, port) },
  { name: 'FastAPI', forms: ['JSON'], command: (model, port) => python('fastapi_server.py', model, port) },
];

/** @throws Error with the end of what the server said, when it ends before it is ready */
export async function start(kind: ServerKind, model: string): Promise<Running> {
  const port = await freePorts();
  const [command, ...args] = kind.command(model, port) as [string, ...string[]];
  const process_ = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  process_.stderr.on('data', (bytes) => {
    said = `${said}${bytes}`.slice(-2000);
  });
  const url = `http://127.0.0.1:${port}/v2/models/m`;
  while (!(await ready(url))) {
    if (process_.exitCode !== null) throw new Error(`it ended before it was ready: ${said.trim().split('\n').at(-1)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url, stop: () => stop(process_) };
}

const ready = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Programs of peers end when their input does; the others by the signal. */
async function stop(process_: ChildProcess): Promise<void> {
  const ended = once(process_, 'exit');
  process_.stdin?.end();
  if (!process_.spawnargs.some((word) => /(triton|mlserver)_server/.test(word))) process_.kill('SIGTERM');
  await ended;
}

/** The first of three that are free: for HTTP, gRPC and metrics. */
async function freePorts(): Promise<number> {
  const probes: Server[] = [];
  const listen = async (port: number) => {
    const probe = createServer().listen(port, '127.0.0.1');
    await once(probe, 'listening');
    probes.push(probe);
    return (probe.address() as AddressInfo).port;
  };
  try {
    const first = await listen(0);
    await listen(first + 1);
    await listen(first + 2);
    return first;
  } catch {
    return await freePorts();
  } finally {
    for (const probe of probes) probe.close();
  }
}
