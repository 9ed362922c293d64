/** One exported file, several engines: they agree, and which one was taken is said. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bestEngine, nativeStatus } from '@freetickets/engine-sparse';
import { type OnnxOptions, toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, type ModelState, modelByName, network, randomTopology, rng, treeNet } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OnnxModel, openModel } from '../model.ts';
import type { Tensor } from '../tensor.ts';
import type { EngineName } from './engine.ts';
import { onnxruntimeEngine } from './onnxruntime-engine.ts';

/** Without native kernels `auto` takes onnxruntime, and says that. */
const native = nativeStatus().available;

let folder: string;
const cache = process.env.FREETICKETS_CACHE;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freetickets-engines-'));
  process.env.FREETICKETS_CACHE = join(folder, 'cache'); // whatever is installed on this machine is not found
});
afterAll(async () => {
  if (cache === undefined) delete process.env.FREETICKETS_CACHE;
  else process.env.FREETICKETS_CACHE = cache;
  await rm(folder, { recursive: true });
});

const shape = [3, 16, 16];
const spec = (name: string) => modelByName(name, { input: shape, classes: 4 });
/** Running statistics and scales as training would leave them: no two channels alike. */
function ticket(raw = spec('wrn-10-1'), seed = 1, sparsity = 0.9): ModelState {
  const net = network(raw);
  const state = initialState(net, sparsity === 0 ? new Map() : randomTopology(net, erk()(net, sparsity), seed), seed);
  const values = new Map(state.values);
  for (const [param, { kind, size }] of net.params) {
    const stream = rng(seed).stream('norm', param);
    if (kind === 'runningMean' || kind === 'shift')
      values.set(
        param,
        Float32Array.from({ length: size }, () => stream.normal() / 4),
      );
    if (kind === 'runningVariance' || kind === 'scale')
      values.set(
        param,
        Float32Array.from({ length: size }, () => 0.5 + stream.uniform()),
      );
  }
  return { ...state, values };
}

async function exported(tickets: readonly ModelState[], options: OnnxOptions = {}): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, toOnnx(tickets, options));
  return path;
}

const images = (size: number): Tensor => {
  const stream = rng(2).stream('images');
  return { datatype: 'FP32', shape: [size, ...shape], data: Float32Array.from({ length: size * 768 }, () => stream.uniform()) };
};
const open = (path: string, engine: EngineName): Promise<OnnxModel> => openModel(path, { engine, threads: 1 });
const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };
const cases: Readonly<Record<string, readonly [readonly ModelState[], OnnxOptions, bound?: number]>> = {
  'a residual network with batch norms, three members': [[1, 2, 3].map((seed) => ticket(spec('wrn-10-1'), seed)), {}],
  'normalisation in the graph': [[ticket()], { normalization }],
  'normalisation by one constant': [[ticket()], { normalization: { mean: [0.5], std: [0.25] } }],
  'normalisation left to the caller': [[ticket()], { normalization: { ...normalization, inGraph: false } }],
  'members of two architectures, answering in logits': [[ticket(), ticket(spec('lenet-5'))], { output: 'logits' }],
  'a ticket of three heads beside one': [[ticket(treeNet(spec('wrn-10-1'), { members: 3 })), ticket()], {}],
  'members side by side': [[1, 2, 3].map((seed) => ticket(spec('lenet-5'), seed)), { layout: 'grouped' }],
  'a dense member': [[ticket(spec('lenet-5'), 1, 0)], {}],
  // onnxruntime rounds every number on the way to half precision, the sparse engine the weights alone.
  'half precision': [[ticket(spec('lenet-5'))], { precision: 'fp16' }, 5e-3],
};

describe('the sparse engine on an exported file', () => {
  it.each(Object.entries(cases))('%s: within 1e-5 of onnxruntime', async (_, [tickets, options, bound = 1e-5]) => {
    const path = await exported(tickets, options);
    await using sparse = await open(path, 'sparse');
    await using dense = await open(path, 'onnxruntime-cpu');
    expect(sparse.engine.name).toBe('sparse');
    expect([sparse.inputs, sparse.outputs]).toEqual([dense.inputs, dense.outputs]);
    for (const size of [1, 3, 17]) {
      const [ours, theirs] = [await sparse.run({ images: images(size) }), await dense.run({ images: images(size) })];
      expect(Object.keys(ours)).toEqual(Object.keys(theirs));
      for (const [name, { data, shape: own }] of Object.entries(theirs)) {
        expect(ours[name]!.shape).toEqual(own);
        const expected = data as Float32Array;
        const error = largest(expected.map((value, k) => (ours[name]!.data as Float32Array)[k]! - value));
        expect(error / Math.max(1, largest(expected))).toBeLessThan(bound);
      }
    }
  });

  it('computes only the outputs that are named', async () => {
    await using model = await open(await exported([ticket()]), 'sparse');
    expect(Object.keys(await model.run({ images: images(1) }, ['member_probabilities']))).toEqual(['member_probabilities']);
  });
  it('refuses images that are missing, of another shape or of another batch than the file fixes', async () => {
    await using model = await open(await exported([ticket()], { batch: 2 }), 'sparse');
    await expect(model.run({})).rejects.toThrow('feeds.images: expected a tensor');
    await expect(model.run({ images: images(3) })).rejects.toThrow('feeds.images: expected FP32 of shape [2, 3, 16, 16]');
    expect((await model.run({ images: images(2) })).probabilities!.shape).toEqual([2, 4]);
  });
  it('refuses files of others', async () => {
    const foreign = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-ensemble.onnx', import.meta.url));
    await expect(open(foreign, 'sparse')).rejects.toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringContaining('expected a model exported by FreeTickets'),
    });
    await using model = await openModel(foreign);
    expect(model.engine.name).toBe('onnxruntime-cpu');
    expect(model.engine.why).toMatch(/^(not exported by FreeTickets|no native kernels: .*); onnxruntime .*; no CUDA: /);
  });
});

describe('which engine is taken', () => {
  it.runIf(native)('auto: the sparse one where most weights are dead, and says why', async () => {
    await using model = await openModel(await exported([ticket()]));
    expect(model.engine.name).toBe('sparse');
    expect(model.engine.why).toMatch(
      /^90 % of the weights are dead, .* from 85 % on; kernels native.*; no CUDA: (there is no NVIDIA driver|.*not installed.*freetickets setup onnxruntime-cuda)/,
    );
  });
  it.runIf(native)('auto: onnxruntime on the CPU where fewer are, and says why', async () => {
    await using model = await openModel(await exported([ticket(spec('lenet-5'), 1, 0.5)]));
    expect(model.engine.name).toBe('onnxruntime-cpu');
    expect(model.engine.why).toMatch(/^50 % of the weights are dead, .* from 85 % on; onnxruntime .* provider cpu; no CUDA: /);
  });
  it('one asked for by name, whatever auto would take', async () => {
    const path = await exported([ticket(spec('lenet-5'), 1, 0)]);
    for (const engine of ['sparse', 'onnxruntime-cpu'] as const) {
      await using model = await open(path, engine);
      expect(model.engine).toEqual({ name: engine, why: expect.stringMatching(/^asked for; (kernels (native|wasm)|onnxruntime 1\.)/) });
    }
  });
  it('CUDA that is not installed is an error that names the command, never the CPU instead', async () => {
    await expect(open(await exported([ticket()]), 'onnxruntime-cuda')).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      message: expect.stringMatching(
        /^onnxruntime-cuda: expected an installation in .*, received none\. Run: freetickets setup onnxruntime-cuda$/,
      ),
    });
  });
  it('a name that is none', async () => {
    await expect(open(await exported([ticket()]), 'tensorrt' as EngineName)).rejects.toThrow(
      'engine: expected auto, sparse, onnxruntime-cpu, onnxruntime-cuda, received "tensorrt"',
    );
  });
});

describe('onnxruntime behind the interface of an engine', () => {
  it('predicts what the sparse engine predicts within 1e-5, head by head', async () => {
    const engine = await onnxruntimeEngine('cpu');
    for (const raw of [spec('wrn-10-1'), treeNet(spec('lenet-5'), { members: 3 })]) {
      const [net, state] = [network(raw), ticket(raw)];
      await using ours = await bestEngine().open(net, state, { batchSize: 16 });
      await using theirs = await engine.open(net, state, { batchSize: 16, threads: 1 });
      const pictures = images(5).data as Float32Array;
      const [a, b] = [await ours.predict(pictures, 5), await theirs.predict(pictures, 5)];
      expect(a).toHaveLength(b.length);
      expect(largest(a.map((value, k) => value - b[k]!)) / largest(a)).toBeLessThan(1e-5);
    }
  });
  it('neither trains nor differentiates, and says so', async () => {
    const engine = await onnxruntimeEngine('cpu');
    const [net, state] = [network(spec('lenet-5')), ticket(spec('lenet-5'))];
    await expect(engine.open(net, state, { batchSize: 1, inputGradients: true })).rejects.toThrow(
      'onnxruntime-cpu: expected to predict, which is all that it can, received a wish for gradients. Use the engine auto',
    );
    await using session = await engine.open(net, state, { batchSize: 1 });
    await expect(session.rewire([])).rejects.toThrow('received a rewiring');
  });
});
