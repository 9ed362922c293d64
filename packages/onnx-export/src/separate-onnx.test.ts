/** Networks taken out of an ensemble's file answer as they do inside it, by onnxruntime. */
import { network, rng, treeNet } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { nets, randomState, residual } from '../testing/nets.ts';
import { describeOnnx, fromOnnx, type OnnxOptions, separateOnnx, toOnnx } from './index.ts';

process.env.ORT_DISABLE_TELEMETRY = '1'; // read when the module is loaded, hence the import below
const ort = (await import('onnxruntime-node')).default;

const net = network(residual);
const tree = network(treeNet(residual, { members: 2, own: 1 }));
const [SIZE, CLASSES] = [5, 4];
const stream = rng(3).stream('images');
const images = Float32Array.from({ length: SIZE * 3 * 8 * 8 }, () => stream.normal());

async function answer(bytes: Uint8Array, output: string): Promise<{ dims: readonly number[]; data: Float32Array }> {
  const session = await ort.InferenceSession.create(bytes);
  const { [output]: tensor } = await session.run({ images: new ort.Tensor('float32', images, [SIZE, 3, 8, 8]) });
  await session.release();
  return tensor as unknown as { dims: readonly number[]; data: Float32Array };
}

describe('separateOnnx', () => {
  const options: readonly OnnxOptions[] = [
    {},
    { output: 'logits' },
    { precision: 'fp16' },
    { opset: 21, normalization: { mean: [0.5, 0.25, 0.125], std: [1, 2, 4] } },
  ];
  it.each(options)('gives each network of an ensemble by itself (%j): the same answers within 1e-6', async (given) => {
    const whole = toOnnx([randomState(net, 1), randomState(tree, 2), randomState(net, 3)], given);
    const output = given.output === 'logits' ? 'member_logits' : 'member_probabilities';
    const { data } = await answer(whole, output);
    const parts = separateOnnx(whole, 'whole.onnx');
    expect(parts.length).toBe(3);
    let before = 0;
    for (const [index, part] of parts.entries()) {
      expect(part.length).toBeLessThan(whole.length / 2);
      const own = await answer(part, output);
      const heads = index === 1 ? 2 : 1;
      expect(own.dims).toEqual([SIZE, heads, CLASSES]);
      own.data.forEach((value, k) => {
        const [n, rest] = [Math.floor(k / (heads * CLASSES)), k % (heads * CLASSES)];
        expect(Math.abs(value - data[n * 4 * CLASSES + before * CLASSES + rest]!)).toBeLessThan(1e-6);
      });
      before += heads;
      // The engine for sparse weights reads the same ticket out of it as out of the whole.
      expect(fromOnnx(part, 'part.onnx')).toEqual([fromOnnx(whole, 'whole.onnx')[index]]);
      expect(describeOnnx(part, 'part.onnx').freetickets).toMatchObject({ members: heads, calibration: null });
    }
  });
  it('takes an ensemble of one, and refuses what is no ensemble of this package', async () => {
    const one = network(nets['a linear layer with and without bias']!);
    const [part] = separateOnnx(toOnnx(randomState(one, 1)), 'one.onnx');
    expect(describeOnnx(part!, 'part.onnx').outputs).toEqual([
      { name: 'member_probabilities', type: 'float', shape: ['batch', 'heads', 4] },
    ]);
    const refused = expect.objectContaining({ code: 'BAD_FILE', at: 'x.onnx' });
    expect(() => separateOnnx(part!, 'x.onnx')).toThrow(refused);
    expect(() => separateOnnx(Uint8Array.of(1, 2, 3), 'x.onnx')).toThrow(refused);
  });
});
