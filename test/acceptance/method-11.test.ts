/**
 * The acceptance tests of the method, by number: `npx vitest run -t 'acceptance 4:'` runs one of them. Here are those that need several
 * packages at once; 7 stands beside this file, and the others, under the same titles, beside the code that they test: 1 and 3 in sparse-core,
 * 5, 6, 10 and parts of 3, 4 and 9 in dst-trainer, 11 in ensemble, parts of 8 in metrics.
 */
import { readFileSync } from 'node:fs';
import { generated, sourceOf, splitValidation } from '@freetickets/datasets';
import { dst, edst, gradient, magnitude, random, rewireLayer, type TrainEvent, type TrainRun, train } from '@freetickets/dst-trainer';
import { nativeEngine, nativeStatus, referenceEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import { auroc, disagreement, memberPrediction, nll, pairwiseDisagreement, pairwiseKl, topologyOverlap } from '@freetickets/metrics';
import {
  type Batch,
  coinTopology,
  decodePyTorch,
  encodePyTorch,
  erk,
  initialState,
  lenet300,
  modelByName,
  network,
  type ParamName,
  type Prediction,
  parameterCount,
  randomTopology,
  rng,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

interface ErkTable {
  readonly layers: readonly {
    readonly name: ParamName;
    readonly density: number;
    readonly expected_nonzeros: number;
    readonly recommended_nonzeros: number;
  }[];
}
const erkTables: Readonly<Record<string, { readonly sparsities: Readonly<Record<string, ErkTable>> }>> = JSON.parse(
  readFileSync(new URL('../golden/erk.json', import.meta.url), 'utf8'),
).models;

const NETWORKS = {
  'lenet300-100': 'lenet-300-100',
  'lenet5-caffe': 'lenet-5',
  'resnet20-cifar10': 'resnet-20',
  'wrn-16-2-cifar10': 'wrn-16-2',
};

describe.each(Object.entries(NETWORKS))('acceptance 2: live counts of %s', (table, name) => {
  const net = network(modelByName(name));
  it.each(Object.entries(erkTables[table]!.sparsities))(
    'at sparsity %s: exact, or by coin within five deviations',
    (sparsity, { layers }) => {
      const counts = erk()(net, Number(sparsity));
      const exact = randomTopology(net, counts, 1);
      const byCoin = coinTopology(net, counts, 1);
      for (const { name: param, density, expected_nonzeros, recommended_nonzeros } of layers) {
        const size = net.params.get(param)!.size;
        expect(exact.get(param)?.live.length ?? size, param).toBe(recommended_nonzeros);
        const deviation = Math.sqrt(size * density * (1 - density));
        expect(Math.abs((byCoin.get(param)?.live.length ?? size) - expected_nonzeros), param).toBeLessThanOrEqual(5 * deviation + 1);
      }
    },
  );
});

it.each([
  ['wrn-28-10', 36_536_884],
  ['wrn-28-2', 1_479_220],
  ['wrn-22-8', 17_204_276],
  ['wrn-16-8', 11_007_540],
  ['wrn-16-10', 17_174_324],
  ['wrn-16-2', 703_284],
])('acceptance 3: %s for 100 classes has %i parameters', (name, total) => {
  expect(parameterCount(network(modelByName(name, { classes: 100 }))).total).toBe(total);
});

/** A convolution and a linear layer that are sparse, with everything that no rewiring may touch: norm, biases, a dense layer. */
const mixed = network({
  version: 1,
  name: 'mixed',
  input: { shape: [2, 5, 5] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, pad: 1 },
    { id: 'norm', op: 'batchNorm', from: ['conv'] },
    { id: 'relu', op: 'relu', from: ['norm'] },
    { id: 'pool', op: 'globalAvgPool', from: ['relu'] },
    { id: 'fc', op: 'linear', from: ['pool'], out: 12 },
    { id: 'relu2', op: 'relu', from: ['fc'] },
    { id: 'out', op: 'linear', from: ['relu2'], out: 3, dense: true },
  ],
  output: 'out',
});

function noiseBatches(size: number, batchSize: number): readonly Batch[] {
  return Array.from({ length: size / batchSize }, (_, k) => {
    const stream = rng(4).stream('noise', k);
    const images = Float32Array.from({ length: batchSize * 50 }, () => stream.normal());
    return { size: batchSize, images, labels: Int32Array.from({ length: batchSize }, () => stream.below(3)) };
  });
}

async function eventsOf(run: TrainRun): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(run)) events.push(event);
  return events;
}

describe('acceptance 4: a thousand updates', () => {
  const batches = noiseBatches(100, 10);
  const source = { size: 100, shape: [2, 5, 5], classes: ['a', 'b', 'c'], batches: () => batches };
  // The updates take the place of the optimizer's, so whatever changes is theirs.
  const rewiring = { every: 1, fraction: 0.3, on: 'instead-of-update' } as const;

  it.each([gradient(), random()])('by growth rule $kind keep every live count and touch nothing else', async (grow) => {
    const [plan] = dst({ tickets: 1, sparsity: 0.6, epochs: 101, batchSize: 10, ticket: 'last', rewiring: { ...rewiring, grow } });
    const events = await eventsOf({ network: mixed, plan: plan!, data: { train: source }, engine: referenceEngine(), seed: 3 });
    const updates = events.filter((event) => event.type === 'rewired');
    const states = events.filter((event) => event.type === 'checkpoint').map(({ state }) => state.model);
    expect(updates.length).toBeGreaterThanOrEqual(1000);
    const counts = [...erk()(mixed, 0.6)];
    for (const { layers } of updates) {
      expect(layers.map(({ param, live }) => [param, live])).toEqual(counts);
      for (const { live, liveAfter, dropped } of layers) expect([liveAfter, dropped]).toEqual([live, Math.ceil(0.3 * live)]);
    }
    const [first, last] = [states[0]!, states.at(-2)!]; // the last step of a run is an ordinary one
    const untouched = [...mixed.params.keys()].filter((param) => !first.topology.has(param));
    expect(untouched).toEqual([
      'conv.bias',
      'norm.weight',
      'norm.bias',
      'norm.running_mean',
      'norm.running_var',
      'fc.bias',
      'out.weight',
      'out.bias',
    ]);
    for (const param of untouched) expect(last.values.get(param)).toEqual(first.values.get(param));
    const dense = decodePyTorch(encodePyTorch(last), 'export');
    for (const [param, { live }] of last.topology) {
      const alive = new Set(live);
      const dead = Array.from(dense.get(param)!.data as Float32Array).filter((_, position) => !alive.has(position));
      expect(dead.length).toBeGreaterThan(0);
      expect(new Set(dead)).toEqual(new Set([0]));
    }
  });
});

const prediction = (members: number, classes: number, memberProbs: readonly number[]): Prediction => {
  const size = memberProbs.length / members / classes;
  const mean = (k: number) =>
    Array.from({ length: members }, (_, m) => memberProbs[m * size * classes + k]!).reduce((a, b) => a + b) / members;
  const probs = Float32Array.from({ length: size * classes }, (_, k) => mean(k));
  return { size, classes, members, probs, memberProbs: Float32Array.from(memberProbs) };
};

describe('acceptance 8: metrics', () => {
  it.each([2, 10, 100])('NLL of a uniform predictor of %i classes is its logarithm', (classes) => {
    const metric = nll();
    metric.update(prediction(1, classes, Array<number>(3 * classes).fill(1 / classes)), Int32Array.of(0, 1, classes - 1));
    expect(metric.value()).toBeCloseTo(Math.log(classes), 6);
  });

  const two = prediction(2, 3, [0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.1, 0.3, 0.6, 0.1, 0.8, 0.1]);
  const swapped = prediction(2, 3, [...two.memberProbs.subarray(6), ...two.memberProbs.subarray(0, 6)]);
  const labels = Int32Array.of(0, 1);

  it('KL of a member with itself is 0, on the diagonal and off it', () => {
    const same = prediction(2, 3, [...two.memberProbs.subarray(0, 6), ...two.memberProbs.subarray(0, 6)]);
    const [ofSame, ofTwo] = [same, two].map((given) => {
      const metric = pairwiseKl();
      metric.update(given, labels);
      return metric.value();
    });
    expect([...ofSame!]).toEqual([0, 0, 0, 0]);
    expect([ofTwo![0], ofTwo![3]]).toEqual([0, 0]);
    expect(ofTwo![1]).toBeGreaterThan(0);
  });

  it('disagreement is symmetric', () => {
    const metric = pairwiseDisagreement();
    metric.update(two, labels);
    expect([...metric.value()]).toEqual([0, 0.5, 0.5, 0]); // the members differ on the first sample only
    for (const given of [two, swapped]) {
      const mean = disagreement();
      mean.update(given, labels);
      expect(mean.value()).toBe(0.5);
    }
  });

  it('AUROC of constant scores is a half', () => expect(auroc(new Float64Array(5).fill(0.3), new Float64Array(9).fill(0.3))).toBe(0.5));
});

const engines = [referenceEngine(), ...(nativeStatus().available ? [nativeEngine()] : [])];

describe.each(engines)('acceptance 9: momentum of a grown weight on $name', (engine) => {
  it('is 0, so its first move is the learning rate times its gradient', async () => {
    const topology = randomTopology(mixed, erk()(mixed, 0.5), 2);
    const batches = noiseBatches(100, 10);
    const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
    await using session = await engine.open(mixed, initialState(mixed, topology, 2), { batchSize: 10, optimizer, signals: ['gradient'] });
    for (const batch of batches.slice(0, 5)) await session.trainStep(batch, { learningRate: 0.1, keep: ['gradient'] });
    const before = await session.snapshot();
    const { shape, live } = before.topology.get('fc.weight')!;
    const signals = { gradient: await session.signal('fc.weight', 'gradient') };
    const view = { param: 'fc.weight', shape, live, values: before.values.get('fc.weight')!, signals, random: () => 0.5 } as const;
    const delta = rewireLayer(view, Math.ceil(0.5 * live.length), magnitude(), gradient());
    await session.rewire([delta]);
    await session.trainStep(batches[5]!, { learningRate: 0.1 });
    const [slopes, after] = [await session.gradient('fc.weight'), await session.snapshot()];
    const positions = after.topology.get('fc.weight')!.live;
    const values = after.values.get('fc.weight')!;
    expect(delta.grown.length).toBeGreaterThan(3);
    for (const position of delta.grown) {
      const k = positions.indexOf(position);
      expect(values[k]).toBeCloseTo(-0.1 * slopes[k]!, 8);
      expect(slopes[k]).not.toBe(0);
    }
    const stayed = positions.findIndex((position) => live.includes(position));
    const moved = values[stayed]! - before.values.get('fc.weight')![live.indexOf(positions[stayed]!)]!;
    expect(Math.abs(moved + 0.1 * slopes[stayed]!), 'one that stayed moves by its momentum too').toBeGreaterThan(1e-4);
  });
});

describe('acceptance 12: EDST with three tickets, end to end', () => {
  it('hands out equally sparse tickets that differ, and together have a lower NLL than one by one', async () => {
    const set = generated({ train: 2000, test: 1000 });
    const parts = splitValidation(set.train, 0.1);
    const data = { train: sourceOf(parts.train, { dataset: set }), valid: sourceOf(parts.validation, { dataset: set }) };
    const net = network(lenet300({ input: set.shape }));
    const plan = edst({
      tickets: 3,
      sparsity: 0.8,
      exploreEpochs: 6,
      refineEpochs: 4,
      batchSize: 50,
      rewiring: { every: 100 },
      learningRate: 0.05,
    });
    const engine = referenceEngine();
    const events = await eventsOf({ network: net, plan, data, engine, seed: 17 });

    const tickets = events.filter((event) => event.type === 'ticket').map(({ state }) => state);
    const counts = [...erk()(net, 0.8)].filter(([param, live]) => live < net.params.get(param)!.size);
    for (const { topology } of tickets) expect([...topology].map(([param, { live }]) => [param, live.length])).toEqual(counts);
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const { total } = topologyOverlap(tickets[a]!.topology, tickets[b]!.topology);
      expect(total).toBeGreaterThan(0);
      expect(total).toBeLessThan(1);
    }
    const escapes = events.filter((event) => event.type === 'rewired').filter(({ cause }) => cause === 'escape');
    expect(escapes).toHaveLength(2);
    for (const { layers } of escapes)
      for (const { live, changed } of layers) {
        expect(changed).toBeLessThanOrEqual(Math.ceil(0.8 * live)); // at least a fifth of the mask stays
        expect(changed).toBeGreaterThan(0);
      }

    await using ensemble = await openEnsemble(tickets, { engine });
    const [{ images, labels, size }] = [...sourceOf(set.test, { dataset: set }).batches({ batchSize: set.test.size })] as [Batch];
    const answer = await ensemble.predict(images, size);
    const nllOf = (given: Prediction) => {
      const metric = nll();
      metric.update(given, labels);
      return metric.value();
    };
    const members = [0, 1, 2].map((m) => nllOf(memberPrediction(answer, m)));
    expect(nllOf(answer)).toBeLessThan((members[0]! + members[1]! + members[2]!) / 3);
    expect(Math.max(...members), 'the members have learned: chance is ln 10').toBeLessThan(1.5);
  });
});
