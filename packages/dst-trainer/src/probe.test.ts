import { describe, expect, it } from 'vitest';
import { collect, lastState, ofType, smallNet, smallRun } from '../test/small-run.ts';
import { train } from './train.ts';

const probe = { images: Float32Array.from({ length: 12 }, (_, k) => Math.sin(k)), size: 2 };

describe('a probe', () => {
  it('is answered at the end of each epoch by the model that was validated then', async () => {
    const { events } = await collect(train(smallRun({ probe })));
    const epochs = ofType(events, 'epoch');
    expect(epochs).toHaveLength(6);
    // Within a phase nothing happens between the end of an epoch and its checkpoint; between phases weights are rewired.
    const { engine } = smallRun();
    let before: Float32Array | undefined;
    for (const [index, event] of events.entries()) {
      if (event.type === 'epoch') before = event.probed!;
      if (event.type !== 'checkpoint' || event.state.epoch === 0) continue;
      expect(events[index - 1]!.type).toBe('epoch');
      await using session = await engine.open(smallNet, event.state.model, { batchSize: 2 });
      expect(before).toEqual(await session.predict(probe.images, probe.size));
    }
  });

  it('changes nothing of the run, and without one there is no answer', async () => {
    const [probed, plain] = [await collect(train(smallRun({ probe }))), await collect(train(smallRun()))];
    expect(lastState(probed.events).model).toEqual(lastState(plain.events).model);
    for (const event of ofType(plain.events, 'epoch')) expect(event).not.toHaveProperty('probed');
  });
});
