// Every option of a server in one table: `freetickets-inference` and `freetickets serve` make their flags, help and checks of it.

import { SparseError } from '@freetickets/sparse-core';
import { engineNames } from './engines/engine.ts';
import { isLoopback } from './security/open-security.ts';
import type { ServeOptions } from './serve.ts';

export interface ServerOption {
  /** As `--name`. */
  readonly name: string;
  readonly kind: 'text' | 'count' | 'flag' | 'list';
  /** What stands for its value in the help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly help: string;
  /** Smallest and largest whole number; 1 to 2^53 by default. */
  readonly range?: readonly [number, number];
  /** Under which heading the help has it; none for the usual ones. */
  readonly group?: string;
}

const group = (name: string, options: readonly ServerOption[]): readonly ServerOption[] =>
  options.map((option) => ({ ...option, group: name }));

const port: readonly [number, number] = [0, 65_535];

export const serverOptions: readonly ServerOption[] = [
  { name: 'host', kind: 'text', value: 'ADDRESS', help: 'address to listen on (default: 127.0.0.1, which only this machine can reach)' },
  { name: 'port', kind: 'count', value: 'N', range: port, help: 'HTTP port (default: 8000); 0 takes a free one' },
  { name: 'grpc-port', kind: 'text', value: 'N', help: 'gRPC port (default: the HTTP port + 1), or off' },
  { name: 'metrics-port', kind: 'text', value: 'N', help: 'port of the Prometheus page (default: the HTTP port + 2), or off' },
  { name: 'engine', kind: 'text', choices: engineNames, help: 'what computes (default: auto, the fastest that works here)' },
  {
    name: 'threads',
    kind: 'count',
    value: 'N',
    range: [1, 1024],
    help: 'threads of each worker process (default: the cores but one, shared out)',
  },
  { name: 'instances', kind: 'count', value: 'N', range: [1, 256], help: 'worker processes of each model (default: 1)' },
  { name: 'no-playground', kind: 'flag', help: 'no page at /playground' },
  ...group('Repository', [
    { name: 'repository', kind: 'text', value: 'FOLDER', help: 'a folder of models as Triton lays them out' },
    {
      name: 'model-control-mode',
      kind: 'text',
      choices: ['none', 'poll', 'explicit'],
      help: 'none: load all and leave them; poll: follow the folder; explicit: load and unload on request (default: none)',
    },
    { name: 'load-model', kind: 'list', value: 'NAME', help: 'with explicit: what to load at the start, * for all' },
    { name: 'repository-poll-secs', kind: 'count', value: 'N', help: 'with poll: seconds between looks (default: 15)' },
    { name: 'require-manifest', kind: 'flag', help: 'take no version whose files are not listed with their SHA-256' },
  ]),
  ...group('Access', [
    { name: 'keys', kind: 'text', value: 'FILE', help: 'who may do what; everybody may do everything without' },
    { name: 'open-health', kind: 'flag', help: 'health needs no key' },
    {
      name: 'http-restricted-api',
      kind: 'list',
      value: 'SCOPES:HEADER=VALUE',
      help: 'calls of these scopes need this header, as in Triton',
    },
    { name: 'grpc-restricted-protocol', kind: 'list', value: 'SCOPES:HEADER=VALUE', help: 'over gRPC, in triton-grpc-protocol-HEADER' },
    { name: 'address-rate', kind: 'count', value: 'N', help: 'calls a second of one address (default: no limit)' },
    { name: 'tls-key', kind: 'text', value: 'FILE', help: "the server's key, PEM" },
    { name: 'tls-cert', kind: 'text', value: 'FILE', help: "the server's certificate, PEM" },
    { name: 'tls-ca', kind: 'text', value: 'FILE', help: 'clients need a certificate signed by one of these, PEM' },
    { name: 'insecure', kind: 'flag', help: 'listen where others can reach the server without asking who they are' },
  ]),
  ...group('Limits', [
    { name: 'max-body-bytes', kind: 'count', value: 'N', help: 'largest request, also when decompressed (default: 64 MiB)' },
    { name: 'max-queued-bytes', kind: 'count', value: 'N', help: 'requests that may wait, in bytes (default: a quarter of the memory)' },
    { name: 'max-connections', kind: 'count', value: 'N', help: 'connections at a time (default: 1024)' },
    { name: 'max-connections-per-address', kind: 'count', value: 'N', help: 'of one address (default: 128)' },
    { name: 'run-timeout', kind: 'count', value: 'SECONDS', help: 'a batch that takes longer ends its worker (default: 60)' },
  ]),
  ...group('Running', [
    {
      name: 'drain-delay',
      kind: 'count',
      value: 'SECONDS',
      range: [0, 3600],
      help: 'answer on after SIGTERM (default: 0, or 5 where others can reach it)',
    },
    { name: 'drain-timeout', kind: 'count', value: 'SECONDS', help: 'how long requests in flight may take then (default: 30)' },
    { name: 'triton-status', kind: 'flag', help: 'answer full queues and timeouts with 503 as Triton does, not 429 and 504' },
    { name: 'otlp-url', kind: 'text', value: 'URL', help: 'where OpenTelemetry traces go (default: nowhere)' },
    {
      name: 'log-level',
      kind: 'text',
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      help: 'what is logged to stderr (default: warn)',
    },
  ]),
];

export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/**
 * The options of `serve`, from the texts of the flags by name.
 * @throws SparseError INVALID_CONFIG for a value that makes no sense
 */
export function readServerOptions(values: OptionValues): ServeOptions {
  for (const option of serverOptions) checkValue(option, values[option.name]);
  const text = (name: string) => values[name] as string | undefined;
  const count = (name: string) => (values[name] === undefined ? undefined : Number(values[name]));
  const flag = (name: string) => (values[name] === true ? true : undefined);
  const seconds = (name: string) => (values[name] === undefined ? undefined : 1000 * Number(values[name]));
  const host = text('host') ?? '127.0.0.1';
  const httpPort = count('port') ?? 8000;
  return defined({
    host,
    port: httpPort,
    grpcPort: nextPort('grpc-port', text('grpc-port'), httpPort, 1),
    metricsPort: nextPort('metrics-port', text('metrics-port'), httpPort, 2),
    folder: text('repository'),
    control: text('model-control-mode') as ServeOptions['control'],
    loadAtStart: values['load-model'] as readonly string[] | undefined,
    pollSeconds: count('repository-poll-secs'),
    requireManifest: flag('require-manifest'),
    engine: text('engine') as ServeOptions['engine'],
    threads: count('threads'),
    instances: count('instances'),
    keys: text('keys'),
    openHealth: flag('open-health'),
    restrictedHttp: values['http-restricted-api'] as readonly string[] | undefined,
    restrictedGrpc: values['grpc-restricted-protocol'] as readonly string[] | undefined,
    addressRate: count('address-rate'),
    tlsKey: text('tls-key'),
    tlsCert: text('tls-cert'),
    tlsCa: text('tls-ca'),
    insecure: flag('insecure'),
    playground: values['no-playground'] === true ? false : undefined,
    maxBodyBytes: count('max-body-bytes'),
    maxQueuedBytes: count('max-queued-bytes'),
    maxConnections: count('max-connections'),
    maxConnectionsPerAddress: count('max-connections-per-address'),
    runTimeoutMs: seconds('run-timeout'),
    drainDelayMs: seconds('drain-delay') ?? (isLoopback(host) ? 0 : 5000),
    drainMs: seconds('drain-timeout'),
    tritonStatus: flag('triton-status'),
    otlpUrl: text('otlp-url'),
    logLevel: text('log-level') as ServeOptions['logLevel'],
  });
}

function checkValue({ name, kind, choices, range: [least, most] = [1, Number.MAX_SAFE_INTEGER] }: ServerOption, value: unknown): void {
  if (value === undefined) return;
  if (choices && !choices.includes(value as string)) throw new SparseError('INVALID_CONFIG', `--${name}`, choices.join(', '), value);
  if (kind === 'count') checkCount(name, value as string, least, most);
}

function checkCount(name: string, text: string, least: number, most: number): void {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new SparseError('INVALID_CONFIG', `--${name}`, `a whole number from ${least} to ${most}`, text);
}

/** Ports stand side by side, as Triton's 8000, 8001 and 8002 do. */
function nextPort(name: string, text: string | undefined, httpPort: number, distance: number): number | undefined {
  if (text === 'off') return undefined;
  if (text === undefined) return httpPort === 0 ? 0 : Math.min(65_535, httpPort + distance);
  checkCount(name, text, ...port);
  return Number(text);
}

/** Without the fields that are undefined, which exact optional types tell from absent ones. */
const defined = (options: Readonly<Record<string, unknown>>): ServeOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ServeOptions;
