import { type Prediction, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  aurc,
  brier,
  classwiseEce,
  collect,
  debiasedEce,
  disagreement,
  eAurc,
  ece,
  type Metric,
  meanPairwiseJs,
  meanPairwiseKappa,
  meanPairwiseKl,
  meanPairwiseQStatistic,
  memberPrediction,
  nll,
  pairwiseKl,
  topKAccuracy,
} from './index.ts';

/** A prediction from one table (samples x classes) per member; the mean is taken here, in plain arithmetic. */
function prediction(...members: readonly (readonly (readonly number[])[])[]): Prediction {
  const [size, classes] = [members[0]!.length, members[0]![0]!.length];
  const memberProbs = Float32Array.from(members.flat(2));
  const probs = Float32Array.from(
    { length: size * classes },
    (_, k) => members.reduce((sum, table) => sum + table.flat()[k]!, 0) / members.length,
  );
  return { size, classes, members: members.length, probs, memberProbs };
}

const labels = (...classes: readonly number[]) => Int32Array.from(classes);

function valueAfter<Value>(metric: Metric<Value>, ...batches: readonly (readonly [Prediction, Int32Array])[]): Value {
  for (const [batch, truth] of batches) metric.update(batch, truth);
  return metric.value();
}

// Confidences .66 .70 .93 .99 .35 and correct 1 0 1 0 1, the worked example of expected calibration error.
const calibration = prediction([
  [0.66, 0.34, 0],
  [0.7, 0.3, 0],
  [0.93, 0.07, 0],
  [0.99, 0.01, 0],
  [0.35, 0.33, 0.32],
]);
const calibrationLabels = labels(0, 1, 0, 1, 0);

// p = np.random.default_rng(7).dirichlet(np.ones(3), 20).astype('f4'); y = np.random.default_rng(8).integers(0, 3, 20)
const drawn = prediction([
  [0.30745015, 0.44549242, 0.24705744],
  [0.19956611, 0.046046793, 0.75438708],
  [0.0028735292, 0.82762688, 0.16949958],
  [0.26046973, 0.46899688, 0.27053338],
  [0.23323879, 0.27832514, 0.48843607],
  [0.054129373, 0.76650709, 0.17936356],
  [0.26654401, 0.67602557, 0.057430401],
  [0.029198058, 0.59496981, 0.37583211],
  [0.68786472, 0.14883737, 0.16329788],
  [0.68273067, 0.30445081, 0.01281853],
  [0.1509981, 0.52220333, 0.32679859],
  [0.60491717, 0.0035953564, 0.39148745],
  [0.068013281, 0.096616186, 0.83537054],
  [0.20213524, 0.54626489, 0.25159985],
  [0.83367634, 0.053872656, 0.11245098],
  [0.091474906, 0.43989477, 0.46863031],
  [0.08057005, 0.24310629, 0.67632365],
  [0.066165738, 0.094577931, 0.83925635],
  [0.35516328, 0.51101661, 0.1338201],
  [0.43439054, 0.25395024, 0.31165922],
]);
const drawnLabels = labels(2, 0, 0, 2, 0, 0, 1, 2, 1, 2, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1);

describe('accuracy', () => {
  it('is the share of labels on top', () => expect(valueAfter(accuracy(), [calibration, calibrationLabels])).toBe(3 / 5));
  it('gives a tie to the lowest class', () => {
    const tied = prediction([[0.2, 0.4, 0.4]]);
    expect(valueAfter(accuracy(), [tied, labels(1)])).toBe(1);
    expect(valueAfter(accuracy(), [tied, labels(2)])).toBe(0);
  });
});

describe('nll', () => {
  it('is the mean of -ln p(label)', () => {
    const batch = prediction([
      [0.5, 0.25, 0.25],
      [0.125, 0.125, 0.75],
    ]);
    expect(valueAfter(nll(), [batch, labels(0, 1)])).toBeCloseTo((Math.log(2) + Math.log(8)) / 2, 14);
  });
  it('floors a probability of 0 at 1e-12', () =>
    expect(valueAfter(nll(), [prediction([[1, 0]]), labels(1)])).toBeCloseTo(12 * Math.LN10, 12));
});

describe('brier', () => {
  it('is the squared distance to the one-hot label', () => {
    const batch = prediction([
      [0.5, 0.25, 0.25],
      [0, 0, 1],
    ]);
    expect(valueAfter(brier(), [batch, labels(0, 0)])).toBe((0.25 + 0.0625 + 0.0625 + (1 + 0 + 1)) / 2);
  });
});

describe('ece', () => {
  it('acceptance 8: is 0.550 over 15 bins in the worked example', () => {
    // Five bins with one sample each: |1-.66| + |0-.70| + |1-.93| + |0-.99| + |1-.35| = 2.75, over 5.
    expect(valueAfter(ece(), [calibration, calibrationLabels])).toBeCloseTo(0.55, 6);
  });
  it('acceptance 8: is 0.386 with the edges of the reference', () => {
    // Width 1/14: .66 and .70 share (9/14, 10/14], .93 and .99 share (13/14, 1]: |.34-.70| + |.07-.99| + .65 = 1.93, over 5.
    expect(valueAfter(ece({ edges: 'freetickets' }), [calibration, calibrationLabels])).toBeCloseTo(0.386, 6);
  });
  it('closes bins on the right', () => {
    // Ten bins: 0.5 = 5/10 is exact in float32 and belongs to (0.4, 0.5], together with the wrong 0.45; 0.55 is in the next.
    const batch = prediction([
      [0.5, 0.5],
      [0.45, 0.4],
      [0.55, 0.45],
    ]);
    const together = Math.abs(1 - 0.5 + (0 - 0.45));
    expect(valueAfter(ece({ bins: 10 }), [batch, labels(0, 1, 0)])).toBeCloseTo((together + 0.45) / 3, 6);
  });
  it('counts a confidence above 1 by rounding in the last bin, where the reference drops it', () => {
    const above = { ...prediction([[1, 0]]), probs: Float32Array.of(1 + 2 ** -23, 0) };
    expect(valueAfter(ece(), [above, labels(1)])).toBe(1 + 2 ** -23);
    expect(valueAfter(ece({ edges: 'freetickets' }), [above, labels(1)])).toBe(0);
  });
  it('agrees with numpy on 20 samples', () => {
    // c = p.max(1).astype('f8'); ok = p.argmax(1) == y
    // sum(abs((ok - c)[b].sum()) for b in [(c > lo) & (c <= lo + 1 / 15) for lo in np.arange(15) / 15]) / 20
    expect(valueAfter(ece(), [drawn, drawnLabels])).toBeCloseTo(0.4832543462514877, 6);
    // i = np.digitize(c, np.linspace(0, 1, 15), right=True); sum(abs((ok - c)[i == b].sum()) for b in range(15)) / 20
    expect(valueAfter(ece({ edges: 'freetickets' }), [drawn, drawnLabels])).toBeCloseTo(0.5253058642148971, 6);
  });
  it('refuses bins that are none', () => {
    for (const options of [{ bins: 0 }, { bins: 1.5 }, { bins: 1, edges: 'freetickets' } as const])
      expect(() => ece(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', at: 'ece.bins' }));
  });
});

describe('disagreement', () => {
  it('is the mean over pairs of the share of samples with different top classes', () => {
    // Top classes: member 0: 0 0, member 1: 0 1, member 2: 1 1. Pairs: (0,1) 1/2, (0,2) 2/2, (1,2) 1/2.
    const zero = [0.9, 0.1];
    const one = [0.2, 0.8];
    const batch = prediction([zero, zero], [zero, one], [one, one]);
    expect(valueAfter(disagreement(), [batch, labels(0, 0)])).toBeCloseTo((1 / 2 + 1 + 1 / 2) / 3, 15);
  });
  it('agrees with numpy on three members', () => {
    // a = q.argmax(2); np.mean([(a[i] != a[j]).mean() for i in range(3) for j in range(i)])
    expect(valueAfter(disagreement(), [threeMembers, labels(0, 0, 0, 0)])).toBe(0.75);
  });
  it('is NaN for a single member, which has no pair', () => expect(valueAfter(disagreement(), [calibration, calibrationLabels])).toBeNaN());
});

// q = np.random.default_rng(9).dirichlet(np.ones(3), (3, 4)).astype('f4').astype('f8')
const threeMembers = prediction(
  [
    [0.696291566, 0.104498707, 0.199209705],
    [0.319907635, 0.257148206, 0.422944158],
    [0.474866807, 0.512428343, 0.01270486],
    [0.105961673, 0.853465915, 0.040572397],
  ],
  [
    [0.001676207, 0.968263805, 0.030060001],
    [0.76347971, 0.13713181, 0.099388503],
    [0.251985192, 0.495446533, 0.252568275],
    [0.197673276, 0.382222116, 0.420104593],
  ],
  [
    [0.492867947, 0.0595969, 0.447535157],
    [0.512890816, 0.087687835, 0.399421364],
    [0.803385139, 0.040972386, 0.155642495],
    [0.599977851, 0.093673572, 0.306348532],
  ],
);

describe('pairwise KL', () => {
  it('has KL(p_j || p_i) in row i, column j', () => {
    const batch = prediction([[0.5, 0.5]], [[0.25, 0.75]]);
    const oneGivenZero = 0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5);
    const zeroGivenOne = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
    const table = valueAfter(pairwiseKl(), [batch, labels(0)]);
    [0, oneGivenZero, zeroGivenOne, 0].forEach((expected, k) => {
      expect(table[k]).toBeCloseTo(expected, 14);
    });
    expect(valueAfter(meanPairwiseKl(), [batch, labels(0)])).toBeCloseTo((oneGivenZero + zeroGivenOne) / 2, 14);
  });
  it('agrees with numpy on three members', () => {
    // [[(q[j] * np.log(q[j] / q[i])).sum(1).mean() for j in range(3)] for i in range(3)]; the mean is over the six entries off the diagonal
    const expected = [0, 0.974898, 0.61121548, 1.41074537, 0, 1.33695005, 0.73021984, 1.08780514, 0];
    const table = valueAfter(pairwiseKl(), [threeMembers, labels(0, 0, 0, 0)]);
    expected.forEach((value, k) => {
      expect(table[k]).toBeCloseTo(value, 6);
    });
    expect(valueAfter(meanPairwiseKl(), [threeMembers, labels(0, 0, 0, 0)])).toBeCloseTo(1.0253056469126722, 6);
  });
  it('stays finite where a member gives probability 0', () => {
    // p = (1, 0), q = (0, 1): KL = 1 ln(1 / 1e-12) both ways.
    expect(valueAfter(meanPairwiseKl(), [prediction([[1, 0]], [[0, 1]]), labels(0)])).toBeCloseTo(12 * Math.LN10, 12);
  });
});

/** Every metric there is, as one; a metric added to the package belongs here. */
const everything = () =>
  collect({
    accuracy: accuracy(),
    nll: nll(),
    brier: brier(),
    ece: ece(),
    reference: ece({ edges: 'freetickets' }),
    disagreement: disagreement(),
    kl: pairwiseKl(),
    meanKl: meanPairwiseKl(),
    top2: topKAccuracy(2),
    equalMass: ece({ edges: 'quantile', bins: 4 }),
    classwise: classwiseEce(),
    debiased: debiasedEce({ bins: 4 }),
    aurc: aurc(),
    eAurc: eAurc(),
    meanJs: meanPairwiseJs(),
    kappa: meanPairwiseKappa(),
    q: meanPairwiseQStatistic(),
  });

const SCALARS = (Object.keys(everything().value()) as (keyof ReturnType<ReturnType<typeof everything>['value']>)[]).filter(
  (name) => name !== 'kl',
);

/** Three members, four classes, probabilities drawn and normalised. */
function randomBatch(size: number, batch: number): readonly [Prediction, Int32Array] {
  const stream = rng(1).stream('batch', batch);
  const row = () => {
    const weights = Array.from({ length: 4 }, () => stream.uniform() ** 3);
    return weights.map((w) => w / weights.reduce((a, b) => a + b));
  };
  const table = () => Array.from({ length: size }, row);
  return [prediction(table(), table(), table()), Int32Array.from({ length: size }, () => stream.below(4))];
}

describe('accumulation', () => {
  const batches = [7, 1, 12].map(randomBatch);

  it('gives by merging parts what one pass gives', () => {
    const whole = valueAfter(everything(), ...batches);
    const [first, second] = [everything(), everything()];
    valueAfter(first, batches[0]!);
    valueAfter(second, batches[1]!, batches[2]!);
    first.merge(second);
    const merged = first.value();
    for (const name of SCALARS) expect(merged[name], name).toBeCloseTo(whole[name], 13);
    expect(whole.kl).toHaveLength(9);
    whole.kl.forEach((value, k) => {
      expect(merged.kl[k]).toBeCloseTo(value, 13);
    });
  });
  it('does not depend on how samples are cut into batches', () => {
    const one = randomBatch(40, 9);
    const rows = (values: Float32Array, n: number) => values.slice(n * 4, (n + 1) * 4);
    const singles = Array.from({ length: 40 }, (_, n) => {
      const memberProbs = Float32Array.from([0, 1, 2].flatMap((m) => [...rows(one[0].memberProbs, m * 40 + n)]));
      return [{ size: 1, classes: 4, members: 3, probs: rows(one[0].probs, n), memberProbs }, one[1].slice(n, n + 1)] as const;
    });
    const [whole, cut] = [valueAfter(everything(), one), valueAfter(everything(), ...singles)];
    for (const name of SCALARS) expect(cut[name], name).toBeCloseTo(whole[name], 13);
  });
  it('is NaN before the first sample and after a reset', () => {
    const metrics = everything();
    const { kl: before, ...scalars } = metrics.value();
    expect(Object.values(scalars)).toEqual(SCALARS.map(() => Number.NaN));
    expect(before).toHaveLength(0);
    valueAfter(metrics, batches[0]!);
    metrics.reset();
    expect(metrics.value()).toEqual({ ...scalars, kl: before });
  });
  it('takes in an empty part without a change', () => {
    const metrics = everything();
    const value = valueAfter(metrics, batches[0]!);
    metrics.merge(everything());
    expect(metrics.value()).toEqual(value);
    const empty = everything();
    empty.merge(metrics);
    expect(empty.value()).toEqual(value);
  });
});

describe('memberPrediction', () => {
  it('scores each member with the same metrics', () => {
    // Top classes of the three members, from numpy: 0 2 1 1, 1 0 1 2, 0 0 0 0.
    const truth = labels(0, 2, 1, 0);
    expect([0, 1, 2].map((m) => valueAfter(accuracy(), [memberPrediction(threeMembers, m), truth]))).toEqual([3 / 4, 1 / 4, 2 / 4]);
  });
  it('refuses a member that is not there', () => {
    expect(() => memberPrediction(threeMembers, 3)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', at: 'member' }));
  });
});

describe('what is refused', () => {
  const good = prediction([[0.5, 0.5]], [[0.5, 0.5]]);
  const cases: readonly (readonly [string, Prediction, Int32Array, string])[] = [
    ['too few probabilities', { ...good, probs: new Float32Array(1) }, labels(0), 'SHAPE_MISMATCH'],
    ['too many member probabilities', { ...good, memberProbs: new Float32Array(5) }, labels(0), 'SHAPE_MISMATCH'],
    ['a label too many', good, labels(0, 1), 'SHAPE_MISMATCH'],
    ['a label that is no class', good, labels(2), 'INVALID_ARGUMENT'],
    ['a probability that is not a number', { ...good, probs: Float32Array.of(Number.NaN, 1) }, labels(0), 'NON_FINITE'],
  ];
  it.each(cases)('%s', (_, batch, truth, code) => {
    for (const metric of [accuracy(), nll(), brier(), ece(), disagreement(), pairwiseKl()])
      expect(() => metric.update(batch, truth), metric.name).toThrow(expect.objectContaining({ code }));
  });
  it('another number of members in a later batch', () => {
    const metric = disagreement();
    metric.update(good, labels(0));
    expect(() => metric.update(threeMembers, labels(0, 0, 0, 0))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });
  it('merging different metrics, or the same with different options', () => {
    expect(() => accuracy().merge(nll())).toThrow('accuracy.merge: expected the same metric');
    expect(() => ece().merge(ece({ bins: 10 }))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => collect({ nll: nll() }).merge(collect({ other: nll() }) as never)).toThrow('collect.merge');
  });
});
