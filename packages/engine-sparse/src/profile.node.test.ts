/** What a profile is made of; how long things take is no test's business. */
import { erk, initialState, modelByName, network, randomTopology } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { nativeStatus } from './native.node.ts';
import { openProfiler, type Profile, plannedBytes } from './profile.node.ts';
import { wasmStatus } from './wasm.ts';

const net = network(modelByName('wrn-10-1', { input: [3, 8, 8] }));
const topology = randomTopology(net, erk()(net, 0.5), 3);
const state = initialState(net, topology, 3);
const batchSize = 5;

async function profileOf(options: { engine: string; train?: boolean; runs?: number }): Promise<Profile> {
  const { runs = 1, ...rest } = options;
  const profiler = await openProfiler(net, state, { batchSize, threads: 1, ...rest });
  for (let run = 0; run < runs; run++) profiler.run();
  return profiler.profile();
}

/** Every pass of every layer, in milliseconds. */
const passes = ({ layers }: Profile): number[] =>
  layers.flatMap(({ forwardMs, inputGradientMs = 0, weightGradientMs = 0 }) => [forwardMs, inputGradientMs, weightGradientMs]);

const { available, variants } = nativeStatus();
const engines = [
  'reference',
  ...wasmStatus().variants.map((variant) => `wasm/${variant}`),
  ...(available ? variants.map((variant) => `native/${variant}`) : []),
];

describe.each(engines)('a profile by %s', (engine) => {
  it('of a training step names every layer once, in the order of the network, with all its passes', async () => {
    const profile = await profileOf({ engine });
    const layers = net.spec.nodes.filter(({ op }) => op === 'conv2d' || op === 'linear').map(({ id }) => id);
    expect(profile.engine).toBe(engine);
    expect(profile.layers.map(({ node }) => node)).toEqual(layers);
    for (const layer of profile.layers) {
      expect(layer.forwardMs, layer.node).toBeGreaterThan(0);
      expect(layer.weightGradientMs, layer.node).toBeGreaterThan(0);
      // Nothing before the first layer is trained.
      if (layer.node === 'conv1') expect(layer).not.toHaveProperty('inputGradientMs');
      else expect(layer.inputGradientMs, layer.node).toBeGreaterThan(0);
    }
  });

  it('adds up: layers and what lies between them are all there is', async () => {
    const profile = await profileOf({ engine, runs: 2 });
    expect(profile.runs).toBe(2);
    const between = profile.between.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    expect(profile.betweenMs).toBeCloseTo(between, 9);
    expect(profile.sumMs).toBeCloseTo(passes(profile).reduce((a, b) => a + b) + between, 9);
    expect(profile.wholeMs).toBeGreaterThan(0);
    const kinds = profile.between.map(({ operation }) => operation);
    expect(kinds).toEqual(expect.arrayContaining(['load', 'loss', 'sgd']));
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds).not.toContain('gather');
  });

  it('of a prediction has forward passes only', async () => {
    const { layers, between } = await profileOf({ engine, train: false });
    for (const layer of layers) {
      expect(layer.forwardMs, layer.node).toBeGreaterThan(0);
      expect(layer).not.toHaveProperty('inputGradientMs');
      expect(layer).not.toHaveProperty('weightGradientMs');
    }
    expect(between.map(({ operation }) => operation)).not.toContain('sgd');
  });
});

describe('openProfiler', () => {
  it('counts two operations for each live weight, output pixel and image', async () => {
    const { layers } = await profileOf({ engine: 'reference' });
    const strided = layers.find(({ node }) => node === 'block2.layer.0.conv1')!;
    const { live } = topology.get('block2.layer.0.conv1.weight')!;
    expect(strided).toMatchObject({ inputs: 16, outputs: 32, kernel: 3, stride: 2, height: 4, width: 4, weights: 16 * 32 * 9 });
    expect(strided).toMatchObject({ live: live.length, flops: 2 * live.length * 4 * 4 * batchSize });
  });

  it('has nothing to say before the first run, and after it forgot', async () => {
    const profiler = await openProfiler(net, state, { batchSize, engine: 'reference' });
    const wrong = 'profile: expected at least one run before it, received 0';
    expect(() => profiler.profile()).toThrow(wrong);
    profiler.run();
    expect(profiler.profile().runs).toBe(1);
    profiler.forget();
    expect(() => profiler.profile()).toThrow(wrong);
  });

  it('runs one layer alone, and refuses what is none', async () => {
    const profiler = await openProfiler(net, state, { batchSize, engine: 'reference' });
    const layer = profiler.runLayer('conv1');
    expect(layer).toMatchObject({ node: 'conv1', inputs: 3 });
    expect(layer.forwardMs).toBeGreaterThan(0);
    expect(() => profiler.runLayer('input')).toThrow('node: expected a convolution or linear layer, received "input"');
  });

  it('refuses an engine that nobody knows', async () => {
    const opening = openProfiler(net, state, { batchSize, engine: 'gpu' });
    await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', at: 'engine' }));
  });
});

describe('plannedBytes', () => {
  it('holds at least parameters, momentum and gradients, and what training adds is not planned for predictions', () => {
    const live = [...net.params].reduce((sum, [param, { size }]) => sum + (topology.get(param)?.live.length ?? size), 0);
    const training = plannedBytes(net, topology, { batchSize });
    const predicting = plannedBytes(net, topology, { batchSize, train: false });
    expect(predicting).toBeGreaterThan(4 * live);
    expect(training).toBeGreaterThan(3 * 4 * live);
    expect(training).toBeGreaterThan(predicting);
  });

  it('grows with the batch', () => {
    expect(plannedBytes(net, topology, { batchSize: 256 })).toBeGreaterThan(plannedBytes(net, topology, { batchSize: 32 }));
  });
});
