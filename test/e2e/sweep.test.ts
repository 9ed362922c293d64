/** A sweep through the command, killed and gone on with, and the table that compares its runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, folder, json, linesOf, type Running, reached, remove, run, start, temporary, ticketsOf } from './command.ts';

const home = folder();
afterAll(() => remove(home));

/** Two tickets of 540 generated pictures of 8 x 8, 17 steps an epoch. */
const SMALL = {
  limitPerClass: 60,
  imageSize: 8,
  batchSize: 32,
  rewireEvery: 10,
  tickets: 2,
  exploreEpochs: 3,
  refineEpochs: 1,
};

function experiment(name: string, values: object): string {
  const path = join(home, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...SMALL, ...values }));
  return path;
}

interface Manifest {
  readonly runs: readonly { readonly name: string; readonly status: string; readonly seconds: number; readonly reports: object }[];
}
const manifestOf = (sweep: string): Manifest => JSON.parse(readFileSync(join(sweep, 'sweep.json'), 'utf8')) as Manifest;

/** What a sweep has made, without the times that no two share. */
function madeBy(sweep: string): object {
  const runs = manifestOf(sweep).runs.map(({ seconds, ...rest }) => rest);
  const begun = runs.filter(({ name }) => existsSync(join(sweep, name)));
  return { runs, made: begun.map(({ name }) => [name, eventsOf(join(sweep, name)), ticketsOf(join(sweep, name))]) };
}

/** Waits until a run of the sweep has its own folder with so many events. */
async function under(sweep: string, name: string, lines: number, running: Running): Promise<void> {
  while (linesOf(join(sweep, name)) === 0 && running.child.exitCode === null) await delay(1);
  await reached(lines, join(sweep, name), running);
}

describe('a grid', () => {
  /** Checkpoints that epochs do not fall on, and epochs enough to kill a run among them. */
  const GRID = { checkpointEvery: 6, exploreEpochs: 10 };
  const file = experiment('grid', { method: ['edst', 'dense'], seed: [17, 18], ...GRID });
  const whole = join(home, 'grid');
  const names = ['method=edst,seed=17', 'method=edst,seed=18', 'method=dense,seed=17', 'method=dense,seed=18'];

  beforeAll(async () => {
    expect(await run(['sweep', file, '--to', whole])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^trial .*validAccuracy/) });
  });

  it('is run folders as train makes them, the same seeds in every trial', async () => {
    expect(manifestOf(whole).runs.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'finished']));
    const alone = join(temporary(), 'run');
    const single = experiment('single', { method: 'dense', seed: 18, ...GRID });
    await run(['train', '--config', single, '--out', alone]);
    expect(ticketsOf(join(whole, names[3]!))).toEqual(ticketsOf(alone));
    expect(eventsOf(join(whole, names[3]!))).toEqual(eventsOf(alone));
  });

  it('killed in the middle of its second run goes on there, and ends with the same files', async () => {
    const to = join(temporary(), 'killed');
    const running = start(['sweep', file, '--to', to]);
    await under(to, names[1]!, 3, running);
    expect((await running.kill('SIGKILL')).code).toBe('SIGKILL');
    expect(manifestOf(to).runs.map(({ status }) => status)).toEqual(['finished', 'begun', 'waiting', 'waiting']);
    const { code, stderr } = await run(['sweep', file, '--to', to]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^run 2 of 4: method=edst,seed=18\n(.*\n)+going on from step \d+/);
    expect(madeBy(to)).toEqual(madeBy(whole));
  });

  it('stops at Ctrl-C with exit code 75, says how to go on, and does so', async () => {
    const to = join(temporary(), 'stopped');
    const running = start(['sweep', file, '--to', to]);
    await under(to, names[0]!, 2, running);
    const { code, stdout } = await running.kill('SIGINT');
    expect([code, stdout]).toEqual([75, expect.stringContaining(`\nstopped; go on with: freetickets sweep ${file} --to ${to}\n`)]);
    expect(await json('sweep', file, '--to', to, '-q')).toMatchObject({ finished: true, failedRuns: 0 });
    expect(madeBy(to)).toEqual(madeBy(whole));
  });

  it('in two processes makes the same runs, also when the one above them is killed', async () => {
    const to = join(temporary(), 'parallel');
    const args = ['sweep', file, '--to', to, '--parallel', '2', '--threads', '1'];
    const running = start(args);
    await under(to, names[1]!, 3, running);
    await running.kill('SIGKILL');
    expect(await run(args)).toMatchObject({ code: 0 });
    for (const name of names) expect(ticketsOf(join(to, name)), name).toEqual(ticketsOf(join(whole, name)));
  });

  it('that is finished trains nothing more', async () => {
    const before = madeBy(whole);
    expect(await run(['sweep', file, '--to', whole])).toMatchObject({ code: 0, stderr: '' });
    expect(madeBy(whole)).toEqual(before);
  });

  it('does not go on as another one, nor in a folder of something else', async () => {
    const other = experiment('other', { method: ['edst', 'dense'], seed: [17, 18], momentum: 0.5 });
    expect(await run(['sweep', other, '--to', whole])).toMatchObject({ code: 2, stderr: expect.stringContaining('Choose another --to') });
    const occupied = join(temporary(), 'occupied');
    mkdirSync(occupied);
    writeFileSync(join(occupied, 'notes.txt'), '');
    expect(await run(['sweep', file, '--to', occupied])).toMatchObject({
      code: 1,
      stderr: `error: ${occupied}: expected a new folder, or one of a sweep, received one with other files in it. Choose another --to\n`,
    });
  });

  it('is compared: means over seeds, tests paired by them, gaps with what fills them', async () => {
    const unevaluated = await run(['compare', whole, '--metric', 'accuracy']);
    expect(unevaluated.stdout).toContain(
      `4 runs not evaluated: freetickets evaluate ${names.map((name) => join(whole, name)).join(' ')}\n`,
    );
    const paths = names.map((name) => join(whole, name));
    const measured = await json<{ runs: { ensemble: { accuracy: number } }[] }>('evaluate', ...paths, '--bootstrap', '0', '-q');
    const [a, b, c, d] = measured.runs.map(({ ensemble }) => ensemble.accuracy) as [number, number, number, number];

    interface Document {
      readonly rows: { label: string; seeds: number[]; figures: Record<string, { value: number } | undefined> }[];
      readonly tests: { row: string; figure: string; difference: number }[];
      readonly notes: string[];
    }
    const { rows, tests, notes } = await json<Document>('compare', whole, '--against', 'dense');
    expect(rows.map(({ label, seeds }) => [label, seeds])).toEqual([
      ['edst', [17, 18]],
      ['dense', [17, 18]],
    ]);
    expect(rows.map(({ figures }) => figures.accuracy!.value)).toEqual([expect.closeTo((a + b) / 2, 12), expect.closeTo((c + d) / 2, 12)]);
    expect(rows[0]!.figures.trainingRelative!.value).toBeLessThan(1);
    expect(rows[0]!.figures.auroc).toBeUndefined();
    const last = paths.slice(0, 2).map((path) => eventsOf(path).findLast(({ type }) => type === 'rewired')!.exploration as number);
    expect(rows[0]!.figures.exploration!.value).toBeCloseTo((last[0]! + last[1]!) / 2, 12);
    expect(rows[1]!.figures.exploration).toBeUndefined();
    expect(tests.find(({ figure }) => figure === 'accuracy')).toMatchObject({
      row: 'edst',
      difference: expect.closeTo((a + b - c - d) / 2, 12),
    });
    expect(notes).toEqual(
      expect.arrayContaining([
        'cAcc, cNLL, cECE not measured for every run: freetickets evaluate RUN --corruptions',
        'AUROC not measured for every run: freetickets evaluate RUN --ood SET',
      ]),
    );

    for (const [format, pattern] of [
      ['latex', /\\textbf\{/],
      ['csv', /\nedst,17 18,accuracy,0\.\d+,/],
      ['table', /\nedst +2 +\d+\.\d\d ± \d/],
    ] as const)
      expect((await run(['compare', whole, '--by', 'method', '--metric', 'accuracy', '--format', format])).stdout).toMatch(pattern);
    const unpaired = await run(['compare', ...paths.slice(1), '--against', 'dense']);
    expect(unpaired).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('expected the seeds of dense (17, 18) in every row'),
    });
  });
});

describe('asynchronous halving', () => {
  const file = experiment('asha', {
    sweep: {
      search: 'asha',
      trials: 6,
      reduction: 2,
      rungs: [1, 2],
      ranges: { learningRate: { kind: 'log-uniform', from: 0.01, to: 1 } },
    },
  });

  it('stops the worse trials at their rungs, and is the same when it is killed on the way', async () => {
    const [whole, killed] = [join(home, 'asha'), join(temporary(), 'killed')];
    expect(await run(['sweep', file, '--to', whole])).toMatchObject({ code: 0 });
    const { runs } = manifestOf(whole);
    // Of six trials at the first rung, three went on at most; of three at the second, one.
    const length = (epochs: number) => runs.filter(({ reports }) => String(epochs) in reports).length;
    expect([length(1), length(2), runs.filter(({ status }) => status === 'finished').length]).toEqual([
      6,
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(length(2)).toBeGreaterThanOrEqual(3);
    expect(length(2)).toBeLessThan(6);
    for (const { name, status } of runs) {
      const epochs = eventsOf(join(whole, name)).filter((event) => (event as { type: string }).type === 'epoch').length;
      expect(status === 'finished' ? [5] : [1, 2]).toContain(epochs);
    }
    const running = start(['sweep', file, '--to', killed]);
    await under(killed, runs[3]!.name, 2, running);
    await running.kill('SIGKILL');
    expect(await run(['sweep', file, '--to', killed])).toMatchObject({ code: 0 });
    expect(madeBy(killed)).toEqual(madeBy(whole));
  });
});

describe('a run that fails', () => {
  it('is written down with its reason, the others are trained, and the exit code says so', async () => {
    const to = join(temporary(), 'failing');
    const file = experiment('failing', { learningRate: [1e30, 0.1] });
    const { code, stdout } = await run(['sweep', file, '--to', to, '-q']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\n1 run failed:\nlearningRate=1e\+30,seed=17: phase .*loss: expected a finite number/);
    expect(manifestOf(to).runs.map(({ status }) => status)).toEqual(['failed', 'finished']);
    // A second attempt is made when it is asked for, and fails for the same reason.
    expect((await run(['sweep', file, '--to', to])).stderr).toBe('');
    expect((await run(['sweep', file, '--to', to, '--retry'])).stderr).toMatch(/^run 1 of 2: learningRate=1e\+30,seed=17\n/);
    expect(await json('compare', to)).toMatchObject({
      rows: [{ label: join(to, 'learningRate=0.1,seed=17') }],
      notes: expect.arrayContaining([`${to}: 1 run of 2 left out, not trained to the end`]),
    });
  });

  it('is not the reason of a sweep that has a fault in its file: nothing is trained', async () => {
    const to = join(temporary(), 'never');
    const file = experiment('fault', { method: ['edst', 'dens'] });
    const { code, stderr } = await run(['sweep', file, '--to', to]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: .*fault.json \(method=dens\): method: expected one of .*received "dens"/),
    ]);
    expect(existsSync(to)).toBe(false);
  });
});
