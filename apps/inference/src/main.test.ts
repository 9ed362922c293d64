// The command as its users run it: a process, a port, signals. It runs the built dist/main.js.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const tiny = fileURLToPath(new URL('../../../test/golden/onnx/tiny-ensemble.onnx', import.meta.url));
const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] });
const started: ChildProcess[] = [];

class Command {
  readonly process: ChildProcess;
  readonly exit: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exit = once(this.process, 'close');
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    started.push(this.process);
  }

  /** The first match in stderr, once it is there. */
  async says(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.stderr))
      await Promise.race([once(this.process.stderr!, 'data'), this.exit.then(() => Promise.reject(new Error(this.stderr)))]);
    return pattern.exec(this.stderr)![0];
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.exit;
    return code;
  }
}

const serveTiny = () => new Command('--model', `tiny=${tiny}`, '--port', '0');
const address = (command: Command) => command.says(/http:\/\/127\.0\.0\.1:\d+/);

afterEach(() => {
  for (const process of started.splice(0)) process.kill('SIGKILL');
});

describe('freetickets-inference', () => {
  it('serves over a real port and ends with 0 at SIGTERM, with nothing on stdout', async () => {
    const command = serveTiny();
    const url = await address(command);
    const response = await fetch(`${url}/v2/models/tiny/infer`, { method: 'POST', body });
    expect(response.status).toBe(200);
    const { outputs } = (await response.json()) as { outputs: { name: string; data: number[] }[] };
    expect(outputs.map(({ name }) => name)).toEqual(['probabilities', 'member_probabilities']);
    expect(outputs[0]!.data.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    command.process.kill('SIGTERM'); // fetch still keeps its connection alive
    expect(await command.exitCode()).toBe(0);
    expect(command.stdout).toBe('');
  });

  it('finishes a request that is in flight at SIGTERM, and accepts no new one', async () => {
    const command = serveTiny();
    const url = await address(command);
    // The server has the request's head when it answers 100; its body follows only after the signal.
    const agent = new Agent({ keepAlive: true });
    const headers = { expect: '100-continue', 'content-length': String(body.length) };
    const flying: ClientRequest = request(`${url}/v2/models/tiny/infer`, { method: 'POST', agent, headers });
    flying.flushHeaders();
    await once(flying, 'continue');
    command.process.kill('SIGTERM');
    await command.says(/SIGTERM: finishing/);
    await expect
      .poll(() =>
        fetch(`${url}/v2/health/ready`).then(
          ({ status }) => status,
          () => 'refused',
        ),
      )
      .toBe('refused');
    const answered = once(flying, 'response') as Promise<[IncomingMessage]>;
    flying.end(body);
    const [response] = await answered;
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe('close');
    response.resume();
    expect(await command.exitCode()).toBe(0);
    agent.destroy();
  });

  it('says in one sentence that a port is in use, and ends with 1', async () => {
    const first = serveTiny();
    const { port } = new URL(await address(first));
    const second = new Command('--model', `tiny=${tiny}`, '--port', port);
    expect(await second.exitCode()).toBe(1);
    expect(second.stderr).toBe(
      `freetickets-inference: port ${port} of 127.0.0.1: expected a free port, received one that another program listens on. Choose another with --port\n`,
    );
  });

  it('says in one sentence that a model is missing, and ends with 1', async () => {
    const command = new Command('--model', 'tiny=/nowhere/tiny.onnx');
    expect(await command.exitCode()).toBe(1);
    expect(command.stderr).toBe(
      'freetickets-inference: /nowhere/tiny.onnx: expected an ONNX file, received nothing: there is no such file\n',
    );
  });

  it.each([
    [[], '--model: expected at least one'],
    [['--model', 'tiny'], '--model: expected NAME=FILE.onnx'],
    [['--model', 'a=b', '--model', 'a=c'], '--model: expected each name once'],
    [['--model', 'a=b', '--port', '70000'], '--port: expected a whole number from 0 to 65535'],
    [['--model', 'a=b', '--threads', '0'], '--threads: expected a whole number'],
    [['--modle', 'a=b'], '--modle'],
  ])('ends with 2 for the arguments %j', async (args, message) => {
    const command = new Command(...args);
    expect(await command.exitCode()).toBe(2);
    expect(command.stderr).toContain(message);
  });

  it('prints its usage to stdout', async () => {
    const command = new Command('--help');
    expect(await command.exitCode()).toBe(0);
    expect(command.stdout).toMatch(/^Usage: freetickets-inference/);
  });
});
