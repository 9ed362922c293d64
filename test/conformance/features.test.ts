/** The features of a network, computed by an engine as a network of their own: its last layer, applied to them here, gives its logits. */
import { bestEngine, referenceEngine } from '@freetickets/engine-sparse';
import { featureModel } from '@freetickets/ensemble';
import { erk, initialState, modelByName, network, randomTopology, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

const SIZE = 3;

describe.each([
  ['reference', () => referenceEngine()],
  ['the fastest here', () => bestEngine({ onFallback() {} })],
])('features by %s', (_, makeEngine) => {
  it.each(['lenet-300-100', 'lenet-5', 'wrn-10-1', 'resnet-20'])('of %s are what its last layer sees', async (name) => {
    const net = network(modelByName(name));
    const state = initialState(net, randomTopology(net, erk()(net, 0.5), 1), 1);
    const stream = rng(2).stream('images');
    const images = Float32Array.from({ length: SIZE * net.shapes.get('input')!.reduce((a, b) => a * b, 1) }, () => stream.normal());
    const engine = makeEngine();
    await using whole = await engine.open(net, state, { batchSize: SIZE });
    const logits = await whole.predict(images, SIZE);

    const cut = featureModel(state);
    await using part = await engine.open(network(cut.spec), cut, { batchSize: SIZE });
    const features = await part.predict(images, SIZE);

    const { output } = net.spec;
    const width = features.length / SIZE;
    const live = state.topology.get(`${output}.weight`)?.live ?? Uint32Array.from({ length: width * net.classes }, (_, k) => k);
    const expected = Float64Array.from({ length: SIZE * net.classes }, (_, k) => state.values.get(`${output}.bias`)![k % net.classes]!);
    for (let n = 0; n < SIZE; n++)
      live.forEach((position, k) => {
        const weight = state.values.get(`${output}.weight`)![k]!;
        expected[n * net.classes + Math.floor(position / width)]! += weight * features[n * width + (position % width)]!;
      });
    logits.forEach((logit, k) => {
      expect(Math.abs(logit - expected[k]!)).toBeLessThan(1e-4);
    });
  });
});
