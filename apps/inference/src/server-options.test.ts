import { describe, expect, it } from 'vitest';
import { type OptionValues, readServerOptions, serverOptions } from './server-options.ts';

describe('readServerOptions', () => {
  it.each(serverOptions)('reads --$name', ({ name, kind, choices, range: [least, most] = [1, 9] }) => {
    const [one, other] = choices ?? (kind === 'count' ? [String(least), String(Math.min(most, least + 1))] : ['1', '2']);
    const [first, second]: OptionValues[string][] =
      kind === 'flag' ? [true, undefined] : kind === 'list' ? [[one!], [other!]] : [one, other];
    const host = { host: '10.0.0.1' }; // where no default hides what is read
    expect(readServerOptions({ ...host, [name]: first })).not.toEqual(readServerOptions({ ...host, [name]: second }));
  });

  it('places the other ports beside that of HTTP', () => {
    const ports = (values: OptionValues) => {
      const { port, grpcPort, metricsPort } = readServerOptions(values);
      return [port, grpcPort, metricsPort];
    };
    expect(ports({})).toEqual([8000, 8001, 8002]);
    expect(ports({ port: '9000' })).toEqual([9000, 9001, 9002]);
    expect(ports({ port: '0' })).toEqual([0, 0, 0]);
    expect(ports({ 'grpc-port': 'off', 'metrics-port': '7' })).toEqual([8000, undefined, 7]);
  });

  it('goes on answering after SIGTERM where others can reach the server', () => {
    expect(readServerOptions({}).drainDelayMs).toBe(0);
    expect(readServerOptions({ host: '0.0.0.0' }).drainDelayMs).toBe(5000);
    expect(readServerOptions({ host: '0.0.0.0', 'drain-delay': '0' }).drainDelayMs).toBe(0);
  });

  it.each([
    ['port', '65536'],
    ['port', '-1'],
    ['port', '1.5'],
    ['grpc-port', 'on'],
    ['threads', '0'],
    ['threads', '1e3'],
    ['run-timeout', ''],
    ['model-control-mode', 'all'],
    ['engine', 'cuda'],
    ['log-level', 'loud'],
  ])('refuses --%s %s', (name, text) => {
    expect(() => readServerOptions({ [name]: text })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', at: `--${name}` }));
  });
});
