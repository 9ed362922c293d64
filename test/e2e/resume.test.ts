/** A run may end at any moment and go on later: the tickets are the same, byte for byte, and so is what is told of the way there. */
import { readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeStatus } from '@freetickets/engine-sparse';
import { rng } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, eventsOf, folder, json, linesOf, reached, remove, run, SMALL, start, temporary, ticketsOf } from './command.ts';
import { SMALL_RESIDUAL } from './networks.ts';
import { makePictures } from './pictures.ts';

const home = folder();
const RESIDUAL = join(home, 'small-residual.json');
writeFileSync(RESIDUAL, JSON.stringify(SMALL_RESIDUAL));
afterAll(() => remove(home));

/** A checkpoint every 3 steps, which epochs of 17 steps and rewirings every 10 do not fall on. Writing them leaves time to kill. */
const LONG = [...SMALL, '--checkpoint-every', '3', '--explore-epochs', '8', '--refine-epochs', '3'];

/** Without the line that a machine without native kernels adds. */
const withoutNotes = (stderr: string): string => stderr.replace(/^note: The wasm engine is used.*\n/gm, '');

describe('a run that is killed again and again', () => {
  const residual = ['--network', RESIDUAL, '--augmentation', 'crop-flip'];
  const cases = {
    'EDST on the native engine': ['--engine', 'native'],
    'DST with three members on the native engine': ['--engine', 'native', '--method', 'dst', '--tickets', '3'],
    'convolutions, batch norm and augmentation on the native engine': ['--engine', 'native', ...residual],
    'EDST on the reference engine': ['--engine', 'reference'],
    'convolutions, batch norm and augmentation on the reference engine': ['--engine', 'reference', ...residual, '--limit-per-class', '30'],
  };
  const { available, reason } = nativeStatus();

  for (const [name, options] of Object.entries(cases)) {
    const skipped = options.includes('native') && !available;
    const title = `${name}: ends with the same tickets and events as one that is not`;
    it.skipIf(skipped)(skipped ? `${title} (skipped: ${reason})` : title, async () => {
      const parent = temporary();
      const [whole, killed] = [join(parent, 'whole'), join(parent, 'killed')];
      const args = ['train', ...LONG, ...options];
      expect((await run([...args, '--out', whole])).code).toBe(0);

      const moments = rng(3)
        .stream(name)
        .sample(Math.floor(0.65 * linesOf(whole)), 3);
      let next = [...args, '--out', killed];
      for (const moment of moments) {
        const running = start(next);
        await reached(moment + 1, killed, running);
        expect((await running.kill('SIGKILL')).code).toBe('SIGKILL');
        next = ['train', '--resume', killed];
      }
      const end = await run(next);
      expect(end).toMatchObject({ code: 0, stderr: expect.stringMatching(/\ngoing on from step \d+/) });
      expect(ticketsOf(killed)).toEqual(ticketsOf(whole));
      expect(eventsOf(killed)).toEqual(eventsOf(whole));
      expect(Object.keys(contents(killed))).toEqual(Object.keys(contents(whole))); // nothing half-written is left
    });
  }
});

describe('a run', () => {
  const args = ['train', ...LONG, '--seed', '4'];
  const whole = join(home, 'whole');
  beforeAll(async () => {
    await run([...args, '--out', whole]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGUSR1'] as const)(
    'stops at %s with exit code 75, says how to go on, and does so with the same tickets',
    async (signal) => {
      const path = join(temporary(), 'run');
      const running = start([...args, '--out', path]);
      await reached(9, path, running);
      const stopped = await running.kill(signal);
      expect(stopped.code).toBe(75);
      expect(stopped.stdout).toBe(`stopped; go on with: freetickets train --resume ${path}\n`);
      expect(await json('train', '--resume', path)).toMatchObject({ finished: true, tickets: [{ index: 0 }, { index: 1 }] });
      expect(ticketsOf(path)).toEqual(ticketsOf(whole));
      expect(eventsOf(path)).toEqual(eventsOf(whole));
    },
  );

  it('has the same tickets with 1 and with 2 threads', async () => {
    const path = join(temporary(), 'run');
    await run([...args, '--threads', '1', '--out', path]);
    expect(ticketsOf(path)).toEqual(ticketsOf(whole));
  });

  it.each([0, 2])('has the same tickets with %i loader workers, and goes on with another number of them', async (workers) => {
    const path = join(temporary(), 'run');
    const running = start([...args, '--loader-workers', String(workers), '--out', path]);
    await reached(9, path, running);
    expect((await running.kill('SIGINT')).code).toBe(75);
    await json('train', '--resume', path, '--loader-workers', '1');
    expect(ticketsOf(path)).toEqual(ticketsOf(whole));
    expect(eventsOf(path)).toEqual(eventsOf(whole));
  });

  it('that is finished stays as it is and says so', async () => {
    const before = contents(whole);
    const { code, stdout, stderr } = await run(['train', '--resume', whole]);
    expect([code, withoutNotes(stderr)]).toEqual([0, `${whole} is finished; there is nothing left to train.\n`]);
    expect(stdout).toContain(`2 tickets in ${whole}`);
    expect(contents(whole)).toEqual(before);
  });

  it('whose experiment was edited does not go on as if nothing had happened', async () => {
    const record = join(whole, 'run.json');
    const before = readFileSync(record, 'utf8');
    writeFileSync(record, before.replace('"dropFraction": 0.5', '"dropFraction": 0.7'));
    const { code, stderr } = await run(['train', '--resume', whole]);
    writeFileSync(record, before);
    expect([code, withoutNotes(stderr)]).toEqual([
      2,
      expect.stringMatching(
        /^error: .*run.json: expected the experiment that the run was started with, received another: dropFraction was 0.5 and is 0.7\./,
      ),
    ]);
  });

  it('is not started over', async () => {
    const before = contents(whole);
    const { code, stdout, stderr } = await run([...args, '--out', whole]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .*whole: expected a folder that does not exist yet, .*freetickets train --resume .*whole\n$/);
    expect(contents(whole)).toEqual(before);
  });

  it('is not resumed by two at a time, and is not harmed by the attempt', async () => {
    const path = join(temporary(), 'run');
    const first = start([...args, '--out', path]);
    await reached(2, path, first);
    first.child.kill('SIGSTOP'); // it keeps its lock
    const second = await run(['train', '--resume', path]);
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('expected a run that nobody else works on') });
    expect((await first.finished).code).toBe(0);
    expect(ticketsOf(path)).toEqual(ticketsOf(whole));
  });

  it('that was asleep for longer than a lease is taken over, and the sleeper writes no more', async () => {
    const path = join(temporary(), 'run');
    const sleeper = start([...args, '--out', path]);
    await reached(2, path, sleeper);
    sleeper.child.kill('SIGSTOP');
    const [lease] = readdirSync(path).filter((name) => name.startsWith('lease-'));
    utimesSync(join(path, lease!), 0, 0);
    expect((await run(['train', '--resume', path])).code).toBe(0);
    const finished = contents(path);
    sleeper.child.kill('SIGCONT');
    expect(await sleeper.finished).toMatchObject({ code: 1, stderr: expect.stringContaining('one that another process took over') });
    expect(contents(path)).toEqual(finished);
    expect(ticketsOf(path)).toEqual(ticketsOf(whole));
    expect(eventsOf(path)).toEqual(eventsOf(whole));
  });

  it('goes on with --force as something else, and its log says as what', async () => {
    const path = join(temporary(), 'run');
    const running = start([...args, '--out', path]);
    await reached(9, path, running);
    await running.kill('SIGTERM');
    const record = join(path, 'run.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace('"escape": 0.8', '"escape": 0.4'));
    expect((await run(['train', '--resume', path])).code).toBe(2);
    expect(await run(['train', '--resume', path, '--force'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('warning: going on although escape was 0.8 and is 0.4\n'),
    });
    expect(eventsOf(path)).toContainEqual({ member: 0, type: 'forced', differences: ['escape was 0.8 and is 0.4'] });
    expect(eventsOf(path)).toContainEqual(expect.objectContaining({ type: 'rewired', cause: 'escape', fraction: 0.4 }));
  });

  it('with fewer tickets than it is to have can be evaluated, and its results are dropped when it goes on', async () => {
    const path = join(temporary(), 'run');
    const running = start([...args, '--out', path]);
    const ticket = eventsOf(whole).findIndex((event) => (event as { type: string }).type === 'ticket');
    await reached(ticket + 2, path, running);
    await running.kill('SIGKILL');
    const evaluation = await run(['evaluate', path, '--json']);
    expect(evaluation.stderr).toContain(`note: ${path} is not finished; it has 1 of its 2 tickets.\n`);
    expect(JSON.parse(evaluation.stdout)).toMatchObject({ members: [{}], diversity: { disagreement: null, kl: null } });
    expect(Object.keys(contents(path))).toContain('results.json');
    await run(['train', '--resume', path]);
    expect(Object.keys(contents(path))).not.toContain('results.json');
  });
});

describe('a run on pictures that are somewhere else now', () => {
  it('goes on and is evaluated with --data, from another working directory or not; other pictures are refused', async () => {
    const parent = temporary();
    const environment = { FREETICKETS_CACHE: join(parent, 'cache') };
    const [pictures, moved, others, path] = ['pictures', 'moved', 'others', 'run'].map((name) => join(parent, name)) as [
      string,
      string,
      string,
      string,
    ];
    await makePictures(pictures, { perClass: 40, shade: 100 });
    await makePictures(others, { perClass: 40, shade: 101 });
    const options = '--dataset image-folder --batch-size 4 --tickets 2 --explore-epochs 5 --refine-epochs 3 --checkpoint-every 1'.split(
      ' ',
    );
    const running = start(['train', ...options, '--data', pictures, '--out', path], environment);
    await reached(4, path, running);
    await running.kill('SIGINT');
    renameSync(pictures, moved);

    const missing = await run(['train', '--resume', path], environment);
    expect({ ...missing, stderr: withoutNotes(missing.stderr) }).toMatchObject({
      code: 1,
      stderr: `error: ${pictures}: expected a folder or a tar archive of pictures, received "no such file or folder"\n`,
    });
    const wrong = await run(['train', '--resume', path, '--data', others], environment);
    expect(wrong.code).toBe(2);
    expect(withoutNotes(wrong.stderr)).toMatch(
      /^error: .*others: expected the data that the run was started with \(sha256 \w{12}\.\.\.\), received other data/,
    );
    expect(await run(['train', '--resume', path, '--data', moved], environment)).toMatchObject({ code: 0 });
    expect(await run(['evaluate', path, '--data', moved], environment)).toMatchObject({ code: 0 });
  });
});
