/** `init` and `train --dry-run` as processes: questions at a terminal (of `script`), files that `train` takes, and nothing left behind. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, run, SMALL, start, temporary } from './command.ts';
import { makePictures } from './pictures.ts';

/** Types answers as soon as each question is on the screen. */
function atTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
  home: string,
): Promise<string> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: home });
  let screen = '';
  let [from, next] = [0, 0];
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk;
    const [question, answer] = answers[next] ?? [];
    if (question === undefined || !screen.slice(from).includes(question)) return;
    [from, next] = [screen.length, next + 1];
    child.stdin.write(`${answer}\n`);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve(`${screen}\nexit ${code}`));
  });
}

const valuesOf = (file: string) => JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Record<string, unknown>;

describe('init', () => {
  it('without a terminal asks nothing, and train takes what it writes', async () => {
    const home = temporary();
    expect(await start(['init'], {}, home).finished).toMatchObject({
      code: 0,
      stdout: 'wrote experiment.jsonc\nnext: freetickets train --config experiment.jsonc --dry-run\n',
      stderr: '',
    });
    const out = join(home, 'run');
    expect(await run(['train', '-q', '--config', join(home, 'experiment.jsonc'), ...SMALL, '--out', out])).toMatchObject({ code: 0 });
    expect(await start(['init'], {}, home).finished).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not exist yet.*Name another/),
    });
  });

  it.skipIf(process.platform !== 'linux')('asks three questions, and again where an answer does not fit', async () => {
    const home = temporary();
    await makePictures(join(home, 'pictures'), { perClass: 8, shade: 20 });
    const answers = [
      ['Where are your pictures', 'picturs'],
      ['Where are your pictures', 'pictures'],
      ['Which network? [lenet-5]', 'lenet-55'],
      ['Which network?', ''],
      ['How many tickets', '4'],
    ] as const;
    mkdirSync(join(home, 'experiments'));
    const screen = await atTerminal(['init', 'experiments/own.jsonc'], answers, home);
    expect(screen).toContain('picturs: expected a folder or a tar archive of pictures, received nothing');
    expect(screen).toContain('Did you mean lenet-5?');
    expect(screen).toMatch(/exit 0$/);
    const file = join(home, 'experiments/own.jsonc');
    const { dataset, data, imageSize, network, tickets } = valuesOf(file);
    expect({ dataset, data, imageSize, network, tickets }).toEqual({
      dataset: 'image-folder',
      data: '../pictures',
      imageSize: 32,
      network: 'lenet-5',
      tickets: 4,
    });
  });

  it('takes options for answers, and tells a wrong one', async () => {
    const home = temporary();
    expect(await start(['init', 'a.jsonc', '--tickets', '0'], {}, home).finished).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--tickets: expected/),
    });
    expect(await start(['init', 'b.jsonc', '--tickets', '7', '--json'], {}, home).finished).toMatchObject({ code: 0 });
    expect(valuesOf(join(home, 'b.jsonc')).tickets).toBe(7);
    expect(readdirSync(home)).toEqual(['b.jsonc']);
  });
});

describe('train --dry-run', () => {
  it('tells phases, cost, memory and time, and writes nothing', async () => {
    const home = temporary();
    const out = join(home, 'run');
    const { code, stdout } = await run(['train', ...SMALL, '--dry-run', '--out', out]);
    expect(code).toBe(0);
    // 540 pictures in steps of 32: 17 steps an epoch. Rewirings at 10, 20, 30, of 34; at 40, 50; at 60 (52 is the first step of the last phase).
    expect(stdout).toMatch(/^explore +2 +34 +0\.1 +3 rewirings +-$/m);
    expect(stdout).toMatch(/^refine 1 +1 +17 +0\.01 +2 rewirings +yes$/m);
    expect(stdout).toMatch(/^refine 2 +1 +17 +0\.01 +1 rewiring, escape 0\.8 +yes$/m);
    expect(stdout).toMatch(/^memory: .*\(pictures: .*\)$/m);
    expect(stdout).toMatch(/^time: about .* ms a step/m);
    expect(existsSync(out)).toBe(false);
  });

  it('has the same numbers as the run, for machines', async () => {
    const home = temporary();
    const { stdout } = await run(['train', ...SMALL, '--method', 'gmp', '--patience', '5', '--dry-run', '--json']);
    const planned = JSON.parse(stdout) as {
      runs: number;
      tickets: number;
      cost: object;
      phases: { steps: number; prunings: number }[];
      time: { seconds: number };
    };
    const { stdout: trained } = await run(['train', ...SMALL, '--method', 'gmp', '--patience', '5', '--json', '--out', join(home, 'run')]);
    expect(planned.cost).toEqual((JSON.parse(trained) as { cost: object }).cost);
    expect(planned).toMatchObject({ runs: 2, tickets: 2, phases: [{ steps: 51 }] });
    expect(planned.time.seconds).toBeGreaterThan(0);
  });

  it('refuses what train would refuse', async () => {
    const home = temporary();
    writeFileSync(join(home, 'taken'), '');
    expect(await run(['train', '--dry-run', '--out', join(home, 'taken')])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/a folder that does not exist yet/),
    });
    expect(await run(['train', '--dry-run', '--resume', home])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--dry-run: expected a new run/),
    });
    expect(await run(['train', '--dry-run', '--sparsity', '2'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/--sparsity/) });
  });
});
