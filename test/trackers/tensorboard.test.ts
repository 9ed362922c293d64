/** Event files of real runs, read by TensorBoard's own reader: whole ones, and those of processes that were killed. */
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { openTensorBoard } from '@freetickets/report';
import { loadTicket } from '@freetickets/sparse-core/node';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, folder, reached, remove, run, SMALL, start, temporary } from '../e2e/command.ts';
import { type EventRun, python, readEvents, titled } from './python.ts';

/** Without times. */
const valuesOf = ({ scalars }: EventRun) =>
  Object.fromEntries(Object.entries(scalars).map(([tag, points]) => [tag, points.map(([step, value]) => [step, value])]));

const eventFile = (path: string): string => join(path, readdirSync(path).find((name) => name.includes('tfevents'))!);

describe.skipIf(!python)(titled('TensorBoard'), () => {
  describe('of a run that was trained with --tensorboard', () => {
    const home = folder();
    const path = join(home, 'run');
    let events: EventRun;

    beforeAll(async () => {
      const { code, stderr } = await run(['train', ...SMALL, '--out', path, '--tensorboard', join(home, 'boards')]);
      expect(code, stderr).toBe(0);
      events = (await readEvents(join(home, 'boards'))).run!;
      return () => remove(home);
    });

    it('reads the numbers of the log', () => {
      const log = eventsOf(path);
      const of = (type: string, field: string) => log.filter((event) => event.type === type).map((event) => [event.step, event[field]]);
      const near = (points: readonly unknown[]) => (points as [number, number][]).map(([step, value]) => [step, expect.closeTo(value, 6)]);
      const scalars = valuesOf(events);
      expect(scalars['loss/training']).toEqual(near(of('epoch', 'loss')));
      expect(scalars['loss/validation']).toEqual(near(of('epoch', 'validLoss')));
      expect(scalars['accuracy/training']).toEqual(near(of('epoch', 'accuracy')));
      expect(scalars['accuracy/validation']).toEqual(near(of('epoch', 'validAccuracy')));
      expect(scalars.learning_rate).toEqual(near(of('epoch', 'learningRate')));
      expect(scalars['rewiring/exploration']).toEqual(near(of('rewired', 'exploration')));
      expect(scalars['rewiring/fraction']).toEqual(near(of('rewired', 'fraction')));
      expect(scalars.tickets!.map(([, count]) => count)).toEqual([1, 2]);
    });

    it('has a histogram of every live weight after each epoch', async () => {
      const { state } = await loadTicket(join(path, 'tickets/ticket-0.safetensors'));
      const steps = eventsOf(path).flatMap((event) => (event.type === 'epoch' ? [event.step] : []));
      for (const [param, { live }] of state.topology) {
        const points = events.histograms[`weights/${param}`]!;
        expect(points.map(([step]) => step)).toEqual(steps);
        for (const [, count, least, largest, , inBuckets] of points) {
          expect(count).toBe(live.length);
          expect(inBuckets).toBe(live.length);
          expect(least).toBeLessThan(largest);
        }
      }
    });

    it('shows where the weights of each ticket live', async () => {
      for (const index of [0, 1]) {
        const { state } = await loadTicket(join(path, `tickets/ticket-${index}.safetensors`));
        const [, height, width, png] = events.images['pixels/fc1.weight']![index]!;
        const counts = Array<number>(64).fill(0);
        for (const position of state.topology.get('fc1.weight')!.live) counts[position % 64]!++;
        const { data, info } = await sharp(Buffer.from(png, 'base64')).raw().toBuffer({ resolveWithObject: true });
        expect([height, width, info.height, info.width]).toEqual([8, 8, 8, 8]);
        const most = Math.max(...counts);
        expect([...data].filter((_, i) => i % info.channels === 0)).toEqual(counts.map((count) => Math.round((255 * count) / most)));
      }
      expect(events.images['topology/fc2.weight']!.map(([, height, width]) => [height, width])).toEqual([
        [32, 32],
        [32, 32],
      ]);
    });

    it('has the configuration as text and as hyperparameters', () => {
      const { experiment } = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as { experiment: Record<string, unknown> };
      expect(events.hparams).toMatchObject({ group: 'run', status: 1, values: { sparsity: 0.9, method: 'edst', seed: 17 } });
      expect(Object.keys(events.hparams!.values).sort()).toEqual(Object.keys(experiment).sort());
      expect(events.texts.configuration).toEqual([expect.stringContaining('| sparsity | 0.9 |')]);
    });

    it('reads the same of the finished run, written by freetickets tensorboard', async () => {
      const { code, stderr } = await run(['tensorboard', path, '--to', join(home, 'later')]);
      expect(code, stderr).toBe(0);
      const { run: later } = await readEvents(join(home, 'later'));
      expect(valuesOf(later!)).toEqual(valuesOf(events));
      expect(later!.images).toEqual(events.images);
      expect(later!.texts).toEqual(events.texts);
      const times = later!.scalars['loss/training']!.map(([, , time]) => time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      for (const [param, { live }] of (await loadTicket(join(path, 'tickets/ticket-1.safetensors'))).state.topology)
        expect(later!.histograms[`weights/${param}`]!.map(([, count]) => count)).toEqual([live.length, live.length]);
    });

    it('is not written over', async () => {
      const { code, stderr } = await run(['tensorboard', path, '--to', join(home, 'boards')]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: .*run: expected a folder without event files, received "events\.out\./);
    });
  });

  it('reads what a run that was killed has written, wherever it was cut, and sees nothing twice when it goes on', async () => {
    const home = temporary();
    const options = [...SMALL, '--explore-epochs', '6', '--checkpoint-every', '10'];
    const whole = await run(['train', ...options, '--out', join(home, 'whole/run'), '--tensorboard', join(home, 'expected')]);
    expect(whole.code, whole.stderr).toBe(0);
    const expected = (await readEvents(join(home, 'expected'))).run!;

    const path = join(home, 'run');
    const boards = join(home, 'boards');
    const killed = start(['train', ...options, '--out', path, '--tensorboard', boards]);
    await reached(6, path, killed);
    await killed.kill('SIGKILL');
    const { run: before } = await readEvents(boards);
    const seen = valuesOf(before!)['loss/training'] ?? [];
    expect(valuesOf(expected)['loss/training']!.slice(0, seen.length)).toEqual(seen);

    // The last event, whatever it was, cut anywhere: all before it stand.
    const file = eventFile(join(boards, 'run'));
    for (const cut of [1, 4, 5, 13]) {
      truncateSync(file, statSync(file).size - cut);
      const { run: rest } = await readEvents(boards);
      const losses = valuesOf(rest!)['loss/training'] ?? [];
      expect(seen.slice(0, losses.length)).toEqual(losses);
      expect(seen.length - losses.length).toBeLessThanOrEqual(1);
      expect(rest!.hparams).toEqual(before!.hparams);
    }

    const { code, stderr } = await run(['train', '--resume', path, '--tensorboard', boards]);
    expect(code, stderr).toBe(0);
    const after = (await readEvents(boards)).run!;
    expect(valuesOf(after).tickets).toEqual(valuesOf(expected).tickets);
    const lost = valuesOf(expected)['loss/training']!.filter(([step]) => !valuesOf(after)['loss/training']!.some(([own]) => own === step));
    expect(lost.length).toBeLessThanOrEqual(1); // at most the one whose event was cut
    for (const points of Object.values(valuesOf(after))) {
      const steps = points.map(([step]) => step!);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    }
  });

  it('sees the later steps only once where training went back', async () => {
    const home = temporary();
    const start = { name: 'run', configuration: {}, provenance: [], members: 1, time: 1 };
    const reporter = await openTensorBoard(home, start);
    const epoch = (step: number, loss: number) =>
      reporter.take({ type: 'epoch', member: 0, epoch: step / 10, step, loss, accuracy: 0.5, learningRate: 0.1 }, step);
    for (const step of [10, 20, 30]) await epoch(step, 1);
    await reporter.take({ type: 'back', member: 0, step: 10 }, 31);
    for (const step of [20, 30]) await epoch(step, 2);
    await reporter.end('stopped', 32);
    const { '.': events } = await readEvents(home);
    expect(valuesOf(events!)['loss/training']).toEqual([
      [10, 1],
      [20, 2],
      [30, 2],
    ]);
    expect(events!.hparams).toMatchObject({ status: 0 });
  });

  it('shows members that are trained on their own side by side', async () => {
    const home = temporary();
    const { code, stderr } = await run(['train', ...SMALL, '--method', 'static', '--out', join(home, 'run'), '--tensorboard', home]);
    expect(code, stderr).toBe(0);
    const runs = await readEvents(home);
    expect(Object.keys(runs).sort()).toEqual(['run', 'run/member-0', 'run/member-1']);
    const losses = ['run/member-0', 'run/member-1'].map((name) => valuesOf(runs[name]!)['loss/training']!);
    expect(losses[0]!.map(([step]) => step)).toEqual(losses[1]!.map(([step]) => step));
    expect(losses[0]).not.toEqual(losses[1]);
  });
});
