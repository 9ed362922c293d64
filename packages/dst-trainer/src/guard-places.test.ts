/** R14: batches that teach nothing at every kind of step: the first, one that rewires or escapes, the last of an epoch, the last of a phase. */
import { describe, expect, it } from 'vitest';
import { collect, lastState, ofType, smallPlan, smallRun } from '../test/small-run.ts';
import { spoilt } from '../test/spoilt.ts';
import type { TrainEvent } from './events.ts';
import type { Guard } from './guard.ts';
import { train } from './train.ts';

/** Of the small run: five steps an epoch, two epochs a phase, a rewiring every third step. */
const PLACES = [
  ['first step', 1, 'explore'],
  ['step that rewires', 6, 'explore'],
  ['last step of an epoch', 5, 'explore'],
  ['last step of a phase', 10, 'explore'],
  ['step of an escape', 11, 'refine 1'],
] as const;

const finite = (values: Iterable<Float32Array>) => [...values].every((array) => array.every(Number.isFinite));

describe.each(PLACES)('at the %s', (_, step, phase) => {
  const runWith = (guard: Guard, value: number) =>
    smallRun({ plan: smallPlan({ guard }), data: { ...smallRun().data, train: spoilt([step], value) }, checkpointEvery: 1 });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY, 1e30])(
    'a batch full of %d is skipped: nothing changes, and the run ends as planned',
    async (value) => {
      const { events } = await collect(train(runWith({ action: 'skip', maxGradientNorm: 1000 }, value)));
      expect(ofType(events, 'fault')).toMatchObject([{ step, phase, action: 'skip' }]);
      expect(ofType(events, 'rewired').filter((event) => event.step === step)).toEqual([]);
      const at = (wanted: number) => ofType(events, 'checkpoint').find(({ state }) => state.step === wanted)?.state.model;
      if (step > 1) expect(at(step)!.values).toEqual(at(step - 1)!.values);
      expect(finite(lastState(events).model.values.values())).toBe(true);
      expect(lastState(events)).toMatchObject({ step: 30, tickets: 2 });
    },
  );

  it.each([Number.NaN, Number.NEGATIVE_INFINITY, 1e30])(
    'a batch full of %d stops the run, and the last checkpoint is of before',
    async (value) => {
      const events: TrainEvent[] = [];
      const run = async () => {
        for await (const event of train(runWith({ action: 'stop', maxGradientNorm: 1000 }, value))) events.push(event);
      };
      await expect(run()).rejects.toThrow(new RegExp(`^phase ${phase}, step ${step}: (loss|norm of the gradient): expected a`));
      const last = ofType(events, 'checkpoint').at(-1)?.state;
      expect(last?.step).toBe(step === 1 ? undefined : step - 1);
      if (last) expect(finite(last.model.values.values())).toBe(true);
    },
  );
});
