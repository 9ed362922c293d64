#!/usr/bin/env node
// The command `freetickets-inference`: arguments in, a running server out. Exit codes: 0 after an orderly end, 1 failed, 2 usage.

import { parseArgs } from 'node:util';
import { SparseError } from '@freetickets/sparse-core';
import { type RunningServer, type ServeOptions, serve } from './serve.ts';
import { readServerOptions, type ServerOption, serverOptions } from './server-options.ts';

const line = ({ name, value, choices, help }: ServerOption): string => {
  const flag = `--${name}${choices ? ' KIND' : value ? ` ${value}` : ''}`;
  return `  ${flag.padEnd(34)} ${help}${choices ? `; one of ${choices.join(', ')}` : ''}`;
};
const groups = [...new Set(serverOptions.map(({ group }) => group))];
const options = groups.map((wanted) => {
  const lines = serverOptions.filter(({ group }) => group === wanted).map(line);
  return wanted === undefined ? lines.join('\n') : `\n${wanted}:\n${lines.join('\n')}`;
});

const usage = `Usage: freetickets-inference --model NAME=FILE.onnx [--model ...] [options]
       freetickets-inference --repository FOLDER [options]

Serves ONNX models over the Open Inference Protocol (HTTP and gRPC).

${line({ name: 'model', kind: 'list', value: 'NAME=FILE', help: 'a model and the name clients call it by; repeat for more' })}
${options.join('\n')}
  --help

Example: freetickets-inference --model digits=digits.onnx --port 8000
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): ServeOptions | 'help' {
  const table = serverOptions.map(({ name, kind }) => {
    const type = kind === 'flag' ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: kind === 'list' }] as const;
  });
  const { values } = parseArgs({
    options: { ...Object.fromEntries(table), model: { type: 'string', multiple: true }, help: { type: 'boolean' } },
  });
  if (values.help) return 'help';
  const given = values as Readonly<Record<string, string | boolean | string[] | undefined>>;
  const models = readModels((given.model as string[] | undefined) ?? []);
  if (Object.keys(models).length === 0 && given.repository === undefined)
    throw new SparseError('INVALID_ARGUMENT', '--model', 'at least one NAME=FILE.onnx, or --repository', undefined);
  return { ...readServerOptions(given as never), models };
}

function readModels(texts: readonly string[]): Record<string, { path: string }> {
  const models = new Map<string, { path: string }>();
  for (const text of texts) {
    const [, name, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || path === undefined) throw new SparseError('INVALID_ARGUMENT', '--model', 'NAME=FILE.onnx', text);
    if (models.has(name)) throw new SparseError('INVALID_ARGUMENT', '--model', 'each name once', name);
    models.set(name, { path });
  }
  return Object.fromEntries(models);
}

/** SIGTERM and SIGINT end the server in order, a second one at once; SIGHUP reads the keys again. */
function obeySignals(server: RunningServer): void {
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
  process.on('SIGHUP', () => server.reloadKeys().catch((error: Error) => say(`the keys stay as they are: ${error.message}`)));
}

async function run(options: ServeOptions): Promise<void> {
  const server = await serve(options);
  obeySignals(server);
  const others = [
    ...(server.grpcPort === undefined ? [] : [`gRPC on port ${server.grpcPort}`]),
    ...(server.metricsPort === undefined ? [] : [`metrics on port ${server.metricsPort}`]),
  ];
  say(`freetickets-inference listens on ${[server.address, ...others].join(', ')}`);
}

function fail(error: Error, code: number): void {
  say(`freetickets-inference: ${error.message}`);
  process.exit(code);
}

let asked: ServeOptions | 'help' | undefined;
try {
  asked = readArguments();
} catch (error) {
  fail(error as Error, 2);
}
if (asked === 'help') process.stdout.write(usage);
else if (asked !== undefined) await run(asked).catch((error: Error) => fail(error, 1));
