/** The trainer really rewires in the step that is timed as one that does. */
import { referenceEngine } from '@freetickets/engine-sparse';
import { type Engine, lenet300, network, type Session } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { EVERY, openRewiring } from './rewiring.ts';

const net = network(lenet300({ input: [12], classes: 3 }));

/** The reference engine, which notes what is asked of it. */
function noting(calls: string[]): Engine {
  const engine = referenceEngine();
  const open: Engine['open'] = async (...args) => {
    const session = await engine.open(...args);
    const noted: Partial<Session> = {
      trainStep: (batch, options) => {
        calls.push(options.keep?.length ? 'step with dense gradients' : 'step');
        return session.trainStep(batch, options);
      },
      rewire: (deltas) => {
        calls.push('rewire');
        return session.rewire(deltas);
      },
    };
    return new Proxy(session, {
      get(target, key) {
        if (key in noted) return noted[key as keyof Session];
        const value = target[key as keyof Session] as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  return { ...engine, open };
}

describe('openRewiring', () => {
  it(`takes ${EVERY} steps a run, the last of which rewires, and waits between runs`, async () => {
    const calls: string[] = [];
    const options = {
      network: net,
      sparsity: 0.5,
      distribution: 'erk',
      batchSize: 4,
      seed: 1,
      computing: { engine: noting(calls) },
    } as const;
    const rewirings = openRewiring(options);
    const once = [...Array.from({ length: EVERY - 1 }, () => 'step'), 'step with dense gradients', 'rewire'];
    const first = await rewirings.run();
    expect(calls).toEqual(once);
    await rewirings.run();
    expect(calls).toEqual([...once, ...once]);
    expect(first.step).toBeGreaterThan(0);
    expect(first.rewiringStep).toBeGreaterThan(0);
    await rewirings.close();
  });

  it('passes on what goes wrong', async () => {
    const engine = { ...referenceEngine(), open: () => Promise.reject(new Error('no memory')) };
    const rewirings = openRewiring({ network: net, sparsity: 0.5, distribution: 'erk', batchSize: 4, seed: 1, computing: { engine } });
    await expect(rewirings.run()).rejects.toThrow('no memory');
  });
});
