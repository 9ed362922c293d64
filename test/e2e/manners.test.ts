/** What scripts and people may count on whatever the command: where things are said, and how. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, SMALL, start, temporary } from './command.ts';

const ESCAPE = '\u001b';

describe('the command', () => {
  it('tells its version and helps, on standard output', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
    for (const args of [['--help'], ['help', 'train'], ['train', '--help']]) {
      expect(await run(args)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: freetickets/), stderr: '' });
    }
  });

  it('without arguments helps as well, but as an error', async () => {
    expect(await run([])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Usage: freetickets/) });
  });

  it('off a terminal draws no bars and uses no escape codes', async () => {
    const { code, stdout, stderr } = await run(['train', ...SMALL, '--out', join(temporary(), 'run')], { FORCE_COLOR: undefined });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(ESCAPE);
    expect(stderr.match(/^epoch \d\/4 /gm)).toHaveLength(4);
  });

  it('with --quiet says nothing but the result', async () => {
    const path = join(temporary(), 'run');
    const { stdout, stderr } = await run(['train', ...SMALL, '--out', path, '--quiet']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^2 tickets in .* of training\nnext: freetickets evaluate .*\n$/);
  });

  it('with --json has one document on standard output, also with --quiet', async () => {
    const { stdout, stderr } = await run(['train', ...SMALL, '--out', join(temporary(), 'run'), '--json', '--quiet']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      finished: true,
      method: 'edst',
      network: 'lenet-300-100',
      cost: { inferenceVersusDense: 0.2 },
    });
  });

  it('does not mind a reader that has gone', async () => {
    const { child, finished } = start(['data', '--image-size', '8', '--limit-per-class', '10']);
    child.stdout!.destroy();
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });
});
