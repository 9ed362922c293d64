/** Do the bytes compute what the network means? Run by onnxruntime, against plain float64 arithmetic. */
import { batchEnsemble, mimo, type Network, network, rng, treeNet, withDropout, withOneInput } from '@freetickets/sparse-core';
import type { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { logitsOf, softmax, type Values } from '../testing/forward.ts';
import { head, nets, randomState, residual, spec } from '../testing/nets.ts';
import { describeOnnx, type OnnxOptions, toOnnx } from './index.ts';

process.env.ORT_DISABLE_TELEMETRY = '1'; // read when the module is loaded, hence the import below
const ort = (await import('onnxruntime-node')).default;

const meanOf = (rows: readonly Values[]): Values => rows[0]!.map((_, c) => rows.reduce((sum, row) => sum + row[c]!, 0) / rows.length);

function randomImages(net: Network, size: number): { readonly images: Float32Array; sample(n: number): Float32Array } {
  const length = net.shapes.get('input')!.reduce((a, b) => a * b, 1);
  const stream = rng(5).stream('images', size);
  const images = Float32Array.from({ length: size * length }, () => stream.normal());
  return { images, sample: (n) => images.subarray(n * length, (n + 1) * length) };
}

/** All outputs of a model, by name: their dims and data. */
async function answers(bytes: Uint8Array, images: Float32Array, size: number, net: Network) {
  const session: InferenceSession = await ort.InferenceSession.create(bytes);
  const results = await session.run({ images: new ort.Tensor('float32', images, [size, ...net.spec.input.shape]) });
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: data as Float32Array }]));
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const worst = Math.max(...expected.map((value, k) => Math.abs(actual[k]! - value)));
  expect(worst).toBeLessThan(1e-5);
}

describe('toOnnx, run by onnxruntime', () => {
  it.each(Object.entries(nets))('%s: logits within 1e-5', async (_, raw) => {
    const net = network(raw);
    const state = randomState(net, 1);
    for (const size of [1, 7]) {
      const { images, sample } = randomImages(net, size);
      const { logits, member_logits } = await answers(toOnnx(state, { output: 'logits' }), images, size, net);
      const expected = Array.from({ length: size }, (_, n) => [...logitsOf(net, state, sample(n))]).flat();
      expect(logits!.dims).toEqual([size, 4]);
      expectClose(logits!.data, expected);
      expect(member_logits!.dims).toEqual([size, 1, 4]);
      expectClose(member_logits!.data, expected);
    }
  });

  const small = network(spec([2, 6, 6], [{ id: 'last', op: 'conv2d', from: ['input'], out: 3, kernel: 3 }, ...head]));
  const forms = {
    treenet: treeNet(small.spec, { members: 3, own: 1 }),
    mimo: withOneInput(randomState(network(mimo(small.spec, 3)), 4)).spec,
  };

  it.each(Object.entries(forms))('every head of a %s ticket is a member, beside a ticket of one', async (_, raw) => {
    const net = network(raw);
    const [state, other] = [randomState(net, 4), randomState(small, 5)];
    const { images, sample } = randomImages(small, 3);
    const bytes = toOnnx([state, other]);
    const { probabilities, member_probabilities } = await answers(bytes, images, 3, small);
    const expected = Array.from({ length: 3 }, (_, n) => {
      const heads = logitsOf(net, state, sample(n));
      return [heads.slice(0, 4), heads.slice(4, 8), heads.slice(8), logitsOf(small, other, sample(n))].map(softmax);
    });
    expect(member_probabilities!.dims).toEqual([3, 4, 4]);
    expectClose(
      member_probabilities!.data,
      expected.flatMap((members) => members.flatMap((probs) => [...probs])),
    );
    expectClose(
      probabilities!.data,
      expected.flatMap((members) => [...meanOf(members)]),
    );
    const facts = describeOnnx(bytes, 'heads.onnx').freetickets!;
    expect([facts.members, facts.steps]).toEqual([4, [400, 400, 400, 500]]);
  });
  it('leaves dropout out', async () => {
    const raw = withDropout(nets['a linear layer with and without bias']!, 0.5);
    const net = network(raw);
    const state = randomState(net, 1);
    const { images, sample } = randomImages(net, 1);
    const { logits } = await answers(toOnnx(state, { output: 'logits' }), images, 1, net);
    expectClose(logits!.data, [...logitsOf(net, state, sample(0))]);
  });
  it('has no form for members that differ by the place in a batch', () => {
    const net = network(batchEnsemble(small.spec, 2));
    expect(() => toOnnx(randomState(net, 1))).toThrow('Split the ticket into its members');
  });

  // Three members, two of one architecture and one of another.
  const mlp = network(spec([3, 8, 8], [{ id: 'last', op: 'relu', from: ['input'] }, ...head], 'mlp'));
  const members = [network(residual), mlp, network(residual)].map((net, m) => ({ net, state: randomState(net, m + 1) }));
  const states = members.map(({ state }) => state);
  const { images, sample } = randomImages(mlp, 7);
  const rows = Array.from({ length: 7 }, (_, n) => members.map(({ net, state }) => logitsOf(net, state, sample(n))));

  it('several members: the mean of their softmax, and each of them', async () => {
    const { probabilities, member_probabilities } = await answers(toOnnx(states), images, 7, mlp);
    expect(probabilities!.dims).toEqual([7, 4]);
    expectClose(
      probabilities!.data,
      rows.flatMap((row) => [...meanOf(row.map(softmax))]),
    );
    expect(member_probabilities!.dims).toEqual([7, 3, 4]);
    expectClose(
      member_probabilities!.data,
      rows.flatMap((row) => row.flatMap((logits) => [...softmax(logits)])),
    );
  });
  it('several members: the mean of their logits, and each of them', async () => {
    const { logits, member_logits } = await answers(toOnnx(states, { output: 'logits' }), images, 7, mlp);
    expectClose(
      logits!.data,
      rows.flatMap((row) => [...meanOf(row)]),
    );
    expectClose(
      member_logits!.data,
      rows.flatMap((row) => row.flatMap((logits) => [...logits])),
    );
  });
  it.each([13, 14, 15, 16, 18, 19, 20, 21])('operator set %i gives the same answers', async (opset) => {
    const { probabilities } = await answers(toOnnx(states, { opset }), images, 7, mlp);
    expectClose(
      probabilities!.data,
      rows.flatMap((row) => [...meanOf(row.map(softmax))]),
    );
  });
  it('normalisation in the graph is (x - mean) / std per channel', async () => {
    const normalization = { mean: [0.5, -0.2, 0.1], std: [0.2, 0.3, 2] };
    const { probabilities } = await answers(toOnnx(states, { normalization }), images, 7, mlp);
    const normalised = (n: number) =>
      Float64Array.from(sample(n), (x, k) => (x - normalization.mean[Math.floor(k / 64)]!) / normalization.std[Math.floor(k / 64)]!);
    const expected = Array.from({ length: 7 }, (_, n) =>
      meanOf(members.map(({ net, state }) => softmax(logitsOf(net, state, normalised(n))))),
    );
    expectClose(
      probabilities!.data,
      expected.flatMap((row) => [...row]),
    );
  });
  it('normalisation of features takes one constant for all', async () => {
    const net = network(nets['a linear layer with and without bias']);
    const state = randomState(net, 1);
    const flat = randomImages(net, 2);
    const options: OnnxOptions = { output: 'logits', normalization: { mean: [0.25], std: [0.5] } };
    const { logits } = await answers(toOnnx(state, options), flat.images, 2, net);
    expectClose(
      logits!.data,
      [0, 1].flatMap((n) => [
        ...logitsOf(
          net,
          state,
          flat.sample(n).map((x) => (x - 0.25) / 0.5),
        ),
      ]),
    );
  });
  it('a fixed batch size holds', async () => {
    const bytes = toOnnx(states, { batch: 7 });
    expect(describeOnnx(bytes, 'fixed.onnx').inputs[0]!.shape).toEqual([7, 3, 8, 8]);
    expect((await answers(bytes, images, 7, mlp)).probabilities!.dims).toEqual([7, 4]);
    await expect(answers(bytes, images.subarray(0, 192), 1, mlp)).rejects.toThrow('invalid dimensions');
  });
});
