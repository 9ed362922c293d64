import { network, type ParamName, wideResNet } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { collect, ofType, smallPlan, smallRun } from '../test/small-run.ts';
import { decideRewiring } from './decide-rewiring.ts';
import { changedState } from './layer-change.ts';
import { edst } from './plans/edst.ts';
import { CLEAN, type Profile, REF } from './profile.ts';
import { rigl } from './rewiring.ts';
import { train } from './train.ts';
import { freshState } from './train-state.ts';

const one = (inputs: number) =>
  network({
    version: 1,
    name: 'one',
    input: { shape: [inputs] },
    nodes: [
      { id: 'fc', op: 'linear', from: ['input'], out: 1, bias: false },
      { id: 'out', op: 'linear', from: ['fc'], out: 4, bias: false },
    ],
    output: 'out',
  });

/** One rewiring of half of a layer given as dense lists, and of a dense second layer of weights .4 -.1 .2 .3. */
async function rewired(weights: number[], mask: number[], slopes: number[], profile: Profile) {
  const net = one(weights.length);
  const live = Uint32Array.from(mask.flatMap((alive, position) => (alive ? [position] : [])));
  const state = {
    spec: net.spec,
    topology: new Map([['fc.weight' as ParamName, { shape: [1, mask.length], live }]]),
    values: new Map<ParamName, Float32Array>([
      ['fc.weight', Float32Array.from(live, (position) => weights[position]!)],
      ['out.weight', Float32Array.of(0.4, -0.1, 0.2, 0.3)],
    ]),
    step: 1,
  };
  const order = { rewiring: rigl(), fraction: 0.5, cause: 'interval', moment: { seed: 1, step: 1 }, profile } as const;
  const next = changedState(net, state, await decideRewiring(net, state, order, async () => ({ gradient: Float32Array.from(slopes) })));
  const after = next.topology.get('fc.weight')!.live;
  const values = next.values.get('fc.weight')!;
  const dense = [...next.values.get('out.weight')!].map((value) => Number(value.toFixed(6)));
  return { live: [...after], values: Object.fromEntries([...after].map((at, i) => [at, Number(values[i]!.toFixed(6))])), dense };
}

describe('acceptance 4: the worked example of one rewiring', () => {
  const weights = [0.5, -0.1, 0.0, 0.3, -0.2, 0.0, 0.05, 0.0, 0.4, -0.6];
  const mask = [1, 1, 0, 1, 1, 0, 1, 0, 1, 1];
  const slopes = [0.7, -0.9, 0.2, -0.6, 0.8, 0.05, 0.01, 0.3, 0.0, -0.1];

  it('clean: what returns keeps its value, dense layers are left alone', async () => {
    expect(await rewired(weights, mask, slopes, CLEAN)).toEqual({
      live: [0, 1, 3, 4, 7, 8, 9],
      values: { 0: 0.5, 1: -0.1, 3: 0.3, 4: -0.2, 7: 0, 8: 0.4, 9: -0.6 },
      dense: [0.4, -0.1, 0.2, 0.3],
    });
  });

  it('ref: what returns is 0, and the smallest half of a dense layer is too', async () => {
    expect(await rewired(weights, mask, slopes, REF)).toEqual({
      live: [0, 1, 3, 4, 7, 8, 9],
      values: { 0: 0.5, 1: 0, 3: 0, 4: 0, 7: 0, 8: 0.4, 9: -0.6 },
      dense: [0.4, 0, 0, 0.3],
    });
  });

  it('ties: clean takes two of three, ref all three and grows three', async () => {
    const tied = [
      [0.2, 0.2, 0.2, 0.5, 0, 0],
      [1, 1, 1, 1, 0, 0],
      [0, 0, 0, 0, 1, 2],
    ] as [number[], number[], number[]];
    expect((await rewired(...tied, CLEAN)).values).toEqual({ 2: 0.2, 3: 0.5, 4: 0, 5: 0 });
    // Candidates 0 1 2 4 5 by gradient: 5, 4, then 0, the lowest of those that tie.
    expect((await rewired(...tied, REF)).values).toEqual({ 0: 0, 3: 0.5, 4: 0, 5: 0 });
  });
});

describe('a run in the profile ref', () => {
  it('escapes after the ticket and before the next phase, and rewires at last steps', async () => {
    const { events } = await collect(train(smallRun({ plan: smallPlan({ profile: REF, rewiring: { every: 5 } }) })));
    const told = events.flatMap((event) => {
      if (event.type === 'rewired') return [`${event.cause} ${event.step}`];
      return event.type === 'ticket' || event.type === 'phase' ? [`${event.type} ${event.phase}`] : [];
    });
    expect(told).toEqual([
      'phase explore',
      'interval 5',
      'interval 10',
      'phase refine 1',
      'interval 15',
      'interval 20',
      'ticket refine 1',
      'escape 20',
      'phase refine 2',
      'interval 25',
      'interval 30',
      'ticket refine 2',
    ]);
  });

  it('lets the best of the exploration stand against the first refinement, and no further', async () => {
    const run = (profile: Profile) =>
      collect(train(smallRun({ plan: smallPlan({ profile, exploreEpochs: 8, refineEpochs: 1, learningRate: 0.3 }) })));
    const { events } = await run({ ...CLEAN, best: 'carried-over' });
    const accuracies = ofType(events, 'epoch').map(({ validAccuracy }) => validAccuracy!);
    const [first, second] = ofType(events, 'ticket');
    const best = Math.max(...accuracies.slice(0, 9));
    expect(first).toMatchObject({ validAccuracy: best, epoch: accuracies.indexOf(best) + 1 });
    expect(first!.epoch, 'the test has an exploration that wins').toBeLessThan(9);
    expect(second).toMatchObject({ epoch: 10, validAccuracy: accuracies[9] });
    expect(ofType((await run(CLEAN)).events, 'ticket').map(({ epoch }) => epoch)).toEqual([9, 10]);
  });

  it('begins with live counts that are right on average only', () => {
    const net = network(wideResNet({ depth: 10, widen: 1 }));
    const plan = edst({ tickets: 1, sparsity: 0.8, exploreEpochs: 1, refineEpochs: 1, profile: REF });
    const counts = plan.distribution(net, 0.8);
    const { topology } = freshState(net, plan, 3).model;
    let differs = 0;
    for (const [param, { live, shape }] of topology) {
      const size = shape.reduce((a, b) => a * b, 1);
      const density = counts.get(param)! / size;
      expect(Math.abs(live.length - counts.get(param)!), param).toBeLessThanOrEqual(5 * Math.sqrt(size * density * (1 - density)));
      if (live.length !== counts.get(param)!) differs++;
    }
    expect(differs).toBeGreaterThan(3);
  });
});
