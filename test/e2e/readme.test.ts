import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { start, temporary } from './command.ts';

describe('the commands at the top of the README of the command line', () => {
  it('work one after the other', async () => {
    const readme = readFileSync(new URL('../../apps/cli/README.md', import.meta.url), 'utf8');
    const [, block = ''] = /```sh\n(.*?)```/s.exec(readme) ?? [];
    const lines = block
      .trimEnd()
      .split('\n')
      .map((line) => line.split('#')[0]!.trim().split(/ +/));
    expect(lines.map(([program, command]) => `${program} ${command}`)).toEqual(
      ['train', 'evaluate', 'export', 'serve'].map((name) => `freetickets ${name}`),
    );

    const home = temporary();
    for (const [, ...args] of lines.slice(0, -1)) expect(await start(args, {}, home).finished).toMatchObject({ code: 0 });
    const [, ...serve] = lines.at(-1)!;
    const server = start([...serve, '--port', '0'], {}, home);
    await server.said('stdout', /^serving first\.onnx at http:\/\/127\.0\.0\.1:\d+\/v2\/models\/first \(/);
    expect(await server.kill('SIGINT')).toMatchObject({ code: 0 });
  });
});
