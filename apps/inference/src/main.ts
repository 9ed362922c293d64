#!/usr/bin/env node
// The command `freetickets-inference`: arguments in, a running server out. Exit codes: 0 after an orderly end, 1 failed, 2 usage.

import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { SparseError } from '@freetickets/sparse-core';
import { type ServeOptions as ServeConfig, serve } from './serve.ts';

const usage = `Usage: freetickets-inference --model <name>=<file.onnx> [--model ...] [options]

Serves ONNX models over the Open Inference Protocol (REST, JSON tensors).

  --model <name>=<file>  a model and the name clients call it by; repeat for more
  --host <address>       default 127.0.0.1; anything else is reachable by others, and there is no authentication
  --port <number>        default 8000
  --threads <number>     threads of each model; default: the cores shared out among the models
  --help

Example: freetickets-inference --model digits=digits.onnx --port 8000
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): ServeConfig | 'help' {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', multiple: true, default: [] },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8000' },
      threads: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.model.length === 0) throw new SparseError('INVALID_ARGUMENT', '--model', 'at least one <name>=<file.onnx>', undefined);
  const models = new Map<string, { path: string }>();
  for (const given of values.model) {
    const [, name, path] = /^([^=]+)=(.+)$/.exec(given) ?? [];
    if (name === undefined || path === undefined) throw new SparseError('INVALID_ARGUMENT', '--model', '<name>=<file.onnx>', given);
    if (models.has(name)) throw new SparseError('INVALID_ARGUMENT', '--model', 'each name once', name);
    models.set(name, { path });
  }
  const port = wholeNumber('--port', values.port, 0, 65_535);
  const threads = values.threads === undefined ? {} : { threads: wholeNumber('--threads', values.threads, 1, 1024) };
  return { models: Object.fromEntries(models), host: values.host, port, ...threads, logLevel: "warn" };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new SparseError('INVALID_ARGUMENT', option, `a whole number from ${least} to ${most}`, text);
}

async function run(config: ServeConfig): Promise<void> {
  const server = await serve(config);
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(1);
    ending = true;
    say(`${signal}: finishing the requests in flight; once more ends at once`);
    server.close().then(
      () => process.exit(0),
      (error: Error) => fail(error, 1),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  const { host = '127.0.0.1' } = config;
  const loopback = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
  if (!loopback) say(`${host} can be reached by other machines, and there is no authentication`);
  say(`freetickets-inference listens on ${server.address}`);
}

function fail(error: Error, code: number): void {
  say(`freetickets-inference: ${error.message}`);
  process.exit(code);
}

let config: ServeConfig | 'help' | undefined;
try {
  config = readArguments();
} catch (error) {
  fail(error as Error, 2);
}
if (config === 'help') process.stdout.write(usage);
else if (config !== undefined) await run(config).catch((error: Error) => fail(error, 1));
