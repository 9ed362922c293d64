import type { Batch, ModelState, Session, Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { talk } from '../talk.ts';
import { attackScores, checkAttacked } from './attack.ts';

/** Logits (a (x - 0.5), 0) of one pixel: class 0 above 0.5 where a > 0. Its gradient written out: a (p - [label is 0]) / size. */
function classifier(a: number): Session {
  const logits = (images: Float32Array) =>
    Float32Array.from({ length: 2 * images.length }, (_, k) => (k % 2 === 0 ? a * (images[k / 2]! - 0.5) : 0));
  const refuse = () => Promise.reject(new Error('not asked in an attack'));
  return {
    trainStep: refuse,
    gradient: refuse,
    signal: refuse,
    rewire: refuse,
    snapshot: refuse,
    predict: async (images) => logits(images),
    inputGradient: async ({ images, labels, size }: Batch) =>
      images.map((x, n) => (a * (1 / (1 + Math.exp(-a * (x - 0.5))) - (labels[n] === 0 ? 1 : 0))) / size),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Pixels 0.55 and 0.7 of class 0, 0.45 and 0.3 of class 1. */
const source: Source = {
  size: 4,
  classes: ['bright', 'dark'],
  shape: [1],
  *batches() {
    yield { size: 4, images: Float32Array.of(0.55, 0.7, 0.45, 0.3), labels: Int32Array.of(0, 0, 1, 1) };
  },
};
const scale = { mean: [0], std: [1] };
const none = { resamples: 0, seed: 1 };
const run = (kind: 'fgsm' | 'pgd', epsilon: number, members: readonly Session[]) =>
  attackScores(kind, members, source, scale, { kinds: [kind], epsilon, steps: 20 }, none, talk({ quiet: true }));

describe('attackScores', () => {
  it.each(['fgsm', 'pgd'] as const)('%s moves pictures over the border that lies within epsilon, by hand', async (kind) => {
    const { ofEnsemble, ofMembers, samples } = await run(kind, 0.1, [classifier(4)]);
    // 0.55 -> 0.45 and 0.45 -> 0.55 cross 0.5; 0.7 -> 0.6 and 0.3 -> 0.4 do not.
    expect([samples, ofEnsemble.ensemble.accuracy, ofMembers]).toEqual([4, 0.5, []]);
    const loss = (margin: number) => Math.log1p(Math.exp(-4 * margin));
    expect(ofEnsemble.ensemble.nll).toBeCloseTo((loss(-0.05) + loss(0.1)) / 2, 4);
    expect((await run(kind, 0.25, [classifier(4)])).ofEnsemble.ensemble.accuracy).toBe(0);
  });

  it('shows how far an attack on one member carries to another', async () => {
    // The second member sees the world the other way round: what misleads the first makes the second right.
    const { ofMembers, ofEnsemble } = await run('fgsm', 0.1, [classifier(4), classifier(-2)]);
    const accuracies = ofMembers.map(({ members }) => members.map(({ accuracy }) => accuracy));
    expect(accuracies).toEqual([
      [0.5, 0.5],
      [1, 0],
    ]);
    expect(ofEnsemble.members).toHaveLength(2);
  });
});

describe('checkAttacked', () => {
  const stateOf = (heads: number) => ({ spec: { heads } }) as unknown as ModelState;
  it('refuses tickets that hold several members', () => {
    expect(() => checkAttacked([stateOf(3)], undefined)).toThrow(
      '--attack: expected tickets of one member each, which have a gradient of their own, received 3 heads in one',
    );
    expect(() => checkAttacked([stateOf(1)], 30)).toThrow('received 30 passes with dropout through one');
    checkAttacked([stateOf(1), stateOf(1)], undefined);
  });
});
