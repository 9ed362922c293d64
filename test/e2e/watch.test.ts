/** `freetickets watch` without a browser: what it serves, to whom, and what it says in a terminal and off one. */
import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Report } from '@freetickets/report';
import { describe, expect, it } from 'vitest';
import { folder, MAIN, reached, remove, run, SMALL, start, temporary } from './command.ts';

/** Status and text of an answer. */
function get(address: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    request(address, { headers, method }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk));
      response.on('end', () => resolve([response.statusCode!, text]));
    })
      .on('error', reject)
      .end();
  });
}

async function watching(...args: string[]): Promise<string> {
  const server = start(['watch', ...args, '--port', '0', '--json']);
  await server.said('stdout', /\n/);
  return (JSON.parse(server.stdout) as { address: string }).address;
}

describe('watch', () => {
  it('serves runs as they are now: without a ticket, then with all', async () => {
    const home = temporary();
    const [first, second] = [join(home, 'first'), join(home, 'second')];
    const training = start(['train', ...SMALL, '--explore-epochs', '1000000', '--out', first]);
    await reached(6, first, training);
    await training.kill('SIGINT');
    const address = await watching(first);
    const before = JSON.parse((await get(`${address}/report.json`))[1]) as Report;
    expect(before.notes).toEqual([expect.stringContaining('is not finished, 2 tickets to go')]);
    expect(before.runs[0]!.epochs.length).toBeGreaterThan(0);
    expect((await get(`${address}/report.json`))[1]).toBe(JSON.stringify(before)); // nothing has changed, not even the time

    expect((await run(['train', ...SMALL, '--out', second])).code).toBe(0);
    expect((await run(['evaluate', second, '-q'])).code).toBe(0);
    const both = await watching(first, second);
    const { runs, costs } = JSON.parse((await get(`${both}/report.json`))[1]) as Report;
    expect(runs.map(({ name, tickets }) => [name, tickets.length])).toEqual([
      [first, 0],
      [second, 2],
    ]);
    expect(costs.map((cost) => cost.run)).toEqual([second]);
    expect((await get(both))[1]).toContain('data-live="true"');
  });

  it('answers nobody who asks by another name, and only what is to be read', async () => {
    const path = join(temporary(), 'run');
    expect((await run(['train', ...SMALL, '--out', path])).code).toBe(0);
    const address = await watching(path);
    expect((await get(address))[0]).toBe(200);
    expect((await get(address, { host: 'evil.example' }))[0]).toBe(403);
    expect((await get(address, {}, 'POST'))[0]).toBe(405);
    expect((await get(`${address}/run.json`))[0]).toBe(404);
  });

  it('says what is wrong before it serves', async () => {
    const home = temporary();
    expect(await run(['watch', join(home, 'nothing')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('expected the folder of a run, received nothing of that name'),
    });
    expect(await run(['watch', home, '--terminal', '--port', '1'])).toMatchObject({ code: 2 });
  });
});

describe('watch --terminal', () => {
  const home = folder();
  const path = join(home, 'run');

  it('has a line for each change off a terminal, and ends with the run', async () => {
    const training = start(['train', ...SMALL, '--explore-epochs', '50', '--out', path]);
    await reached(1, path, training);
    const { code, stdout, stderr } = await start(['watch', path, '--terminal']).finished;
    expect(code, stderr).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(
      /^\S+run: epoch 52 of 52, \d+ rewirings \(R_s \d+\.\d\d %\), 2 of 2 tickets, .* of training, finished; loss .*, rate \S+$/,
    );
    expect(lines.length).toBe(new Set(lines).size);
    expect(stdout).not.toContain('\u001b');
    expect((await training.finished).code).toBe(0);
  });

  it('draws the run with charts on a terminal', () => {
    // `script` of Debian's bsdutils gives it one.
    const command = `stty rows 50 cols 100; '${process.execPath}' '${MAIN}' watch '${path}' --terminal`;
    const drawn = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env: { ...process.env, TERM: 'xterm' } });
    expect(drawn).toContain('epoch 52 of 52');
    expect(drawn).toContain('loss, by epoch');
    expect(drawn).toContain('accuracy %, by epoch');
    expect(drawn.split('\n').length).toBeLessThan(52);
    remove(home);
  });
});
