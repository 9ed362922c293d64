/** The shape files against the networks that they are named after, and ERK over a list of layers against ERK over the network. */
import { erk, modelByName, type Network, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { erkCounts, LAYER, layerNetwork, layerState } from './layer-network.ts';
import { outputPixels, parseShapes, shapeFiles, shapeText } from './shapes.ts';
import { batchOf, workOf } from './suites/layers.ts';

const files = shapeFiles();
const models = files.filter(({ name }) => name !== 'vgg-16');

function layersOf(net: Network) {
  const layers = net.spec.nodes.flatMap((node) => (node.op === 'conv2d' || node.op === 'linear' ? [node] : []));
  return layers.map((node) => {
    const [inputs, height = 1, width = 1] = net.shapes.get(node.from[0]!)!;
    const [kernel, stride, pad] = node.op === 'conv2d' ? [node.kernel, node.stride ?? 1, node.pad ?? 0] : [1, 1, 0];
    const [outputs, ...sides] = net.shapes.get(node.id)!;
    return { param: `${node.id}.weight` as const, shape: { inputs, outputs, kernel, stride, height, width, pad }, sides };
  });
}

describe.each(models)('shapes/$name.txt', ({ name, layers }) => {
  const net = network(modelByName(name));

  it('has every layer of the network in order', () => {
    expect(layers).toEqual(layersOf(net).map(({ shape }) => shape));
  });

  it('gives the size of every output', () => {
    expect(layers.map(outputPixels)).toEqual(layersOf(net).map(({ sides }) => sides.reduce((a, b) => a * b, 1)));
  });

  it('gets the live weights that ERK gives the network', () => {
    const counts = erk()(net, 0.9);
    expect(erkCounts(layers, 0.9)).toEqual(layersOf(net).map(({ param }) => counts.get(param)));
  });
});

describe('shapes/vgg-16.txt', () => {
  const { layers } = files.find(({ name }) => name === 'vgg-16')!;

  it('has 138,344,128 weights: the 138,357,544 parameters that the paper rounds to 138 million, less the biases', () => {
    const biases = layers.reduce((sum, { outputs }) => sum + outputs, 0);
    const weights = layers.reduce((sum, { inputs, outputs, kernel }) => sum + inputs * outputs * kernel ** 2, 0);
    expect([weights, weights + biases]).toEqual([138_344_128, 138_357_544]);
  });
});

describe('parseShapes', () => {
  it('pads by half of the kernel unless told', () => {
    expect(parseShapes('# about\n\n3 8 5 2 9 7\n3 8 5 2 9 7 0\n', 'a.txt').map(({ pad }) => pad)).toEqual([2, 0]);
  });

  it.each(['3 8 5 2 9', '3 8 5 2 9 x', '3 8 0 2 9 7', '3 8 5 2 9 7 1 1'])('refuses "%s" and names the line', (line) => {
    expect(() => parseShapes(`# about\n${line}`, 'a.txt')).toThrow(
      'a.txt, line 2: expected inputs outputs kernel stride height width [pad]',
    );
  });
});

describe('shapeText', () => {
  it('tells convolutions from linear layers', () => {
    const texts = parseShapes('64 128 3 2 16 16\n800 500 1 1 1 1\n3 8 1 1 4 4', '').map(shapeText);
    expect(texts).toEqual(['64 -> 128, 3x3 stride 2, 16x16', '800 -> 500', '3 -> 8, 1x1, 4x4']);
  });
});

describe('the work of a shape file', () => {
  it('has each different layer once', () => {
    const { layers, name } = files.find((file) => file.name === 'wrn-16-2')!;
    const work = workOf({ name, layers });
    expect(new Set(work.map((one) => one.name)).size).toBe(work.length);
    expect(work.length).toBe(new Set(layers.map((layer) => JSON.stringify(layer))).size);
  });

  it('takes 128 images where the work and the pictures are small, fewer where they are not', () => {
    const [small, large, wide] = parseShapes('32 32 3 1 32 32\n64 64 3 1 224 224\n1 1 3 1 1024 1024', '');
    expect(batchOf(small!)).toBe(128); // 2 x 32 x 32 x 9 x 1024 x 128 = 2.4e9 operations
    expect(batchOf(large!)).toBe(8); // 2 x 64 x 64 x 9 x 224 x 224 = 3.7e9 an image: 16 fit 64e9, but 2^25 numbers hold 10.4 images
    expect(batchOf(wide!)).toBe(32); // 2^20 numbers an image
  });
});

describe('layerNetwork', () => {
  it.each(['4 6 3 2 8 8', '4 6 1 1 1 1', '4 6 5 1 8 8 0'])('%s: holds the layer, with a trained node before it', (line) => {
    const [shape] = parseShapes(line, '');
    const net = layerNetwork(shape!);
    const size = shape!.inputs * shape!.outputs * shape!.kernel ** 2;
    expect(net.params.get(`${LAYER}.weight`)).toMatchObject({ size, sparsifiable: true });
    expect(
      net.shapes
        .get(LAYER)!
        .slice(1)
        .reduce((a, b) => a * b, 1),
    ).toBe(outputPixels(shape!));
    expect(net.node(LAYER).from).toEqual(['norm']);
  });

  it('has as many live weights as asked for', () => {
    const net = layerNetwork(parseShapes('4 6 3 1 8 8', '')[0]!);
    expect(layerState(net, 20, 1).topology.get(`${LAYER}.weight`)!.live).toHaveLength(20);
    expect(layerState(net, 4 * 6 * 9, 1).topology.size).toBe(0); // dense
  });
});
