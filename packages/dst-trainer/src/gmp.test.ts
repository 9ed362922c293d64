import { uniform } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { collect, ofType, smallNet, smallRun } from '../test/small-run.ts';
import { planCost } from './plan-cost.ts';
import { type GmpOptions, gmp } from './plans/gmp.ts';
import { globalMagnitude } from './rules/global-magnitude.ts';
import { train } from './train.ts';
import { prunes } from './when-to-rewire.ts';

const planOf = (over: Partial<GmpOptions> = {}) =>
  gmp({ tickets: 1, sparsity: 0.75, epochs: 6, pruneEpochs: 2, batchSize: 5, pruning: { every: 3 }, ...over })[0]!;

const events = async (over: Partial<GmpOptions> = {}) =>
  (await collect(train(smallRun({ plan: planOf(over), checkpointEvery: 1 })))).events;

describe('gradual magnitude pruning', () => {
  it('prunes at multiples of the interval while the sparsity rises, and once when it has', () => {
    const { pruning } = planOf().phases[0]!;
    const steps = Array.from({ length: 30 }, (_, i) => i + 1);
    expect(steps.filter((step) => prunes(pruning!, step, step, 5))).toEqual([3, 6, 9, 10]);
    expect(steps.filter((step) => prunes({ ...pruning!, sparsity: { ...pruning!.sparsity, over: 0 } }, step, step, 5))).toEqual([1]);
  });

  it('follows the cubic layer by layer, dense at first', async () => {
    const counts = ofType(await events(), 'checkpoint').map(({ state: { model } }) => [
      model.topology.get('fc1.weight')?.live.length ?? 48,
      model.topology.get('fc2.weight')?.live.length ?? 64,
    ]);
    const cubic = (step: number) => 0.75 - 0.75 * (1 - step / 10) ** 3;
    const at = (step: number) => [...uniform()(smallNet, cubic(step)).values()];
    expect(counts.slice(0, 2)).toEqual([
      [48, 64],
      [48, 64],
    ]);
    expect(counts[2]).toEqual(at(3));
    expect(counts[5]).toEqual(at(6));
    expect(counts[8]).toEqual(at(9));
    for (const later of counts.slice(9)) expect(later).toEqual([12, 16]);
  });

  it('takes the smallest, and what is gone stays gone', async () => {
    const all = await events();
    const states = ofType(all, 'checkpoint').map(({ state }) => state.model);
    for (let step = 1; step < states.length; step++) {
      const [before, after] = [states[step - 1]!, states[step]!];
      for (const [param, { live }] of after.topology) {
        const earlier = before.topology.get(param)?.live;
        if (earlier) expect(live.every((position) => earlier.includes(position))).toBe(true);
      }
    }
    const last = ofType(all, 'rewired').at(-1)!;
    // At step 9 the cubic stands at .74925, and 112 * .25075 = 28.08 rounds to the 28 of the end: step 10 finds nothing to do.
    expect([last.cause, last.step, last.exploration]).toEqual(['pruning', 9, 1]);
    for (const layer of last.layers) expect(layer.liveAfter).toBe(layer.live - layer.dropped);
    expect(last.deltas.every(({ grown }) => grown.length === 0)).toBe(true);
  });

  it('over the network reaches the sparsity of all weights together', async () => {
    const states = ofType(await events({ pruning: { every: 3, drop: globalMagnitude() } }), 'checkpoint').map(({ state }) => state.model);
    const { topology } = states.at(-1)!;
    const [a, b] = [topology.get('fc1.weight')!.live.length, topology.get('fc2.weight')!.live.length];
    expect(a + b).toBe(28);
    expect([a, b]).not.toEqual([12, 16]);
  });

  it('hands out no ticket from before the sparsity was reached', async () => {
    for (const pruneEpochs of [2, 5, 6]) {
      const [ticket] = ofType(await events({ pruneEpochs }), 'ticket');
      expect(ticket!.epoch).toBeGreaterThanOrEqual(pruneEpochs);
      expect(ticket!.state.topology.get('fc2.weight')!.live).toHaveLength(16);
    }
  });

  it('costs what its epochs cost, as they begin', () => {
    // 3 passes of 2 (112 d + 24) operations, d = 1 - .75 (1 - (1 - e / 2)^3) for e = 0, 1 and .25 from then on.
    const densities = [1, 1 - 0.75 * (1 - 0.125), 0.25, 0.25, 0.25, 0.25].map((density) => Math.round(112 * density));
    const cost = planCost(smallNet, planOf(), 22);
    expect(cost.trainingFlops).toBe(densities.reduce((sum, live) => sum + 6 * (live + 24) * 22, 0));
    expect(cost.inferenceFlops).toBe(2 * (28 + 24));
  });

  it.each<[Partial<GmpOptions>, string]>([
    [{ pruneEpochs: 7 }, 'gmp: pruneEpochs: expected a number from 0 to 6, the epochs of the run, received 7'],
    [{ ratios: 'snip' }, 'plan.ratios: expected none where a phase prunes, received "snip"'],
    [{ structure: { kind: 'fan-in' } }, 'plan.phases[0].pruning: expected none beside the structure fan-in'],
    [{ pruning: { every: 0 } }, 'plan.phases[0].pruning.every'],
  ])('%j is refused', (over, message) => {
    expect(() => planOf(over)).toThrow(message);
  });
});
