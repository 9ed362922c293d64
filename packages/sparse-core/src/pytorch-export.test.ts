import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { erk } from './distribution.ts';
import { resnet } from './models/resnet.ts';
import { network } from './network.ts';
import { pruneByMagnitude } from './prune-by-magnitude.ts';
import { encodePyTorch } from './pytorch-export.ts';
import { decodePyTorch, fromPyTorch } from './pytorch-import.ts';
import { decodeSafetensors } from './safetensors.ts';

const written = readFileSync(new URL('../../../test/golden/pytorch/resnet-18-w2.safetensors', import.meta.url));
const net = network(resnet({ depth: 18, classes: 5, width: 2 }));
const state = fromPyTorch(net, decodePyTorch(written, 'golden'), 'golden');

describe('encodePyTorch', () => {
  it("gives back PyTorch's own file: the same names, types, shapes and numbers", () => {
    const [theirs, ours] = [decodeSafetensors(written, 'theirs').tensors, decodeSafetensors(encodePyTorch(state), 'ours').tensors];
    expect([...ours.keys()].toSorted()).toEqual([...theirs.keys()].toSorted()); // what strict=True asks for, num_batches_tracked included
    for (const [name, tensor] of theirs) expect(ours.get(name), name).toEqual(tensor);
  });

  it('writes dead weights as zeros, in the shape of the weight', () => {
    const sparse = pruneByMagnitude(state, erk()(net, 0.5));
    const { tensors } = decodeSafetensors(encodePyTorch({ ...sparse, step: 12 }), 'a');
    for (const [param, { live }] of sparse.topology) {
      const tensor = tensors.get(param)!;
      expect([tensor.dtype, tensor.shape]).toEqual(['F32', net.params.get(param)!.shape]);
      const dense = tensor.data as Float32Array;
      const nonzero = [...dense.keys()].filter((position) => dense[position] !== 0);
      expect(nonzero, param).toEqual([...live]); // no weight of the golden file is 0
    }
    expect(tensors.get('bn1.num_batches_tracked')).toEqual({ dtype: 'I64', shape: [], data: BigInt64Array.of(12n) });
    expect(fromPyTorch(net, tensors, 'a', { zerosAreDead: true })).toEqual(sparse);
  });

  it('refuses a state that does not fit its spec', () => {
    expect(() => encodePyTorch({ ...state, values: new Map() })).toThrow(/conv1\.weight: expected 294 numbers, received "none"/);
  });
});
