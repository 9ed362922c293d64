/** From files as PyTorch writes them to tickets and models: what comes out is read back, run, and compared with PyTorch's own logits. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@freetickets/inference';
import { encodeSafetensors, initialState, lenet300, network, resnet, type Tensor } from '@freetickets/sparse-core';
import { loadTicket } from '@freetickets/sparse-core/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { program } from '../program.ts';
import { importText, importWeights } from './import.ts';

const golden = new URL('../../../../test/golden/', import.meta.url);
const weights = new URL('pytorch/resnet-18-w2.safetensors', golden).pathname;

let folder = '';
let spec = '';
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
  spec = at('narrow.json');
  await writeFile(spec, JSON.stringify(resnet({ depth: 18, width: 2, classes: 5, input: [3, 33, 40] })));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** LeNet-300-100 for three classes, as a state dict with every weight 0 that `keep` refuses. */
async function lenetFile(name: string, keep: (position: number) => boolean = () => true, last = 'fc3'): Promise<string> {
  const net = network(lenet300({ classes: 3 }));
  const { values } = initialState(net, new Map(), 5);
  const tensors = new Map<string, Tensor>();
  for (const [param, { shape, kind }] of net.params) {
    const data = kind === 'weight' ? values.get(param)!.map((value, position) => (keep(position) ? value : 0)) : values.get(param)!;
    tensors.set(param.replace('fc3', last), { dtype: 'F32', shape, data });
  }
  await writeFile(at(name), encodeSafetensors(tensors));
  return at(name);
}

describe('importWeights', () => {
  it('makes a dense ticket of a network of the user, with the numbers of the file', async () => {
    const result = await importWeights(weights, {
      network: spec,
      output: at('dense.safetensors'),
      info: { classes: ['a', 'b', 'c', 'd', 'e'] },
    });
    const { state, info } = await loadTicket(at('dense.safetensors'));
    expect([state.topology.size, state.spec.name, info.classes?.length, info.provenance?.importedFrom]).toEqual([
      0,
      'resnet-18-w2',
      5,
      'resnet-18-w2.safetensors',
    ]);
    expect(result.parameters.live).toBe(result.parameters.sparsifiable);
    expect(importText(result)).toMatch(
      /dense\.safetensors: resnet-18-w2, 1\d,\d{3} parameters, .* weights live \(sparsity 0\.00 %\), 0\.0\d MB$/,
    );
  });

  it('makes a model whose probabilities are the softmax of the logits of PyTorch', async () => {
    const { input, gray } = JSON.parse(readFileSync(new URL('networks.json', golden), 'utf8')).files['resnet-18-w2'];
    await importWeights(weights, { network: spec, output: at('model.onnx') });
    await using model = await openModel(at('model.onnx'));
    const data = new Float32Array(input.reduce((a: number, b: number) => a * b, 1)).fill(0.5);
    const { probabilities } = await model.run({ images: { datatype: 'FP32', shape: [1, ...input], data } });
    const exponentials = gray.map((logit: number) => Math.exp(logit - Math.max(...gray)));
    const sum = exponentials.reduce((a: number, b: number) => a + b, 0);
    expect(Array.from(probabilities!.data as Float32Array)).toEqual(exponentials.map((e: number) => expect.closeTo(e / sum, 4)));
  });

  it('counts the classes of a model by name from the file', async () => {
    await importWeights(await lenetFile('three.safetensors'), { network: 'lenet-300-100', output: at('t.safetensors') });
    expect((await loadTicket(at('t.safetensors'))).state.values.get('fc3.bias')).toHaveLength(3);
  });

  it('counts them under another name too', async () => {
    const file = await lenetFile('renamed.safetensors', () => true, 'head.out');
    await importWeights(file, { network: 'lenet-300-100', output: at('t.safetensors'), rename: { 'head.out': 'fc3' } });
    expect((await loadTicket(at('t.safetensors'))).state.values.get('fc3.weight')).toHaveLength(300);
    await expect(importWeights(file, { network: 'lenet-300-100', output: at('t.safetensors') })).rejects.toThrow(
      /without fc3\.weight, fc3\.bias; with head\.out\.weight, head\.out\.bias/,
    );
  });

  it.each([
    // 300 * 784 + 100 * 300 + 3 * 100 = 265500 weights, a tenth of them lives
    ['global', undefined],
    ['erk', 300],
    ['uniform', 30],
  ] as const)('prunes by magnitude to the exact count, spread %s', async (distribution, last) => {
    const file = await lenetFile('dense3.safetensors');
    const options = { network: 'lenet-300-100', output: at('p.safetensors'), prune: 'magnitude', sparsity: 0.9, distribution } as const;
    const { parameters } = await importWeights(file, options);
    expect(parameters).toMatchObject({ sparsifiable: 265_500, live: 26_550 });
    const { state } = await loadTicket(at('p.safetensors'));
    if (last !== undefined) expect(state.values.get('fc3.weight')).toHaveLength(last);
    const dense = network(state.spec).params.get('fc1.weight')!.size;
    expect(state.topology.get('fc1.weight')!.live.length).toBeLessThan(dense);
  });

  it('takes the zeros of the file for dead weights', async () => {
    const file = await lenetFile('pruned.safetensors', (position) => position % 3 === 0);
    const { parameters } = await importWeights(file, { network: 'lenet-300-100', output: at('z.safetensors'), prune: 'zeros' });
    expect(parameters.live).toBe(265_500 / 3);
  });

  it.each<[string, Parameters<typeof importWeights>[1], string]>([
    ['another ending', { network: 'lenet-5', output: 'x.pth' }, '--output: expected a file name that ends in .safetensors'],
    ['pruning without a sparsity', { network: 'lenet-5', output: 'x.onnx', prune: 'magnitude' }, '--sparsity: expected a number in [0, 1)'],
    [
      'a sparsity without pruning',
      { network: 'lenet-5', output: 'x.onnx', sparsity: 0.5 },
      '--sparsity: expected it with --prune magnitude',
    ],
    ['a spread without pruning', { network: 'lenet-5', output: 'x.onnx', distribution: 'er' }, '--distribution: expected it with --prune'],
    ['an input beside a spec', { network: 'a.json', output: 'x.onnx', input: [1, 2, 2] }, '--input: expected a model by name'],
    ['a file that is not there', { network: 'lenet-5', output: 'x.onnx' }, 'none.safetensors: expected a state dict (safetensors)'],
  ])('refuses %s before it reads anything', async (_, options, message) => {
    await expect(importWeights(at('none.safetensors'), options)).rejects.toThrow(message);
  });

  it('refuses a sparsity of 1, and leaves no file behind', async () => {
    const options = { network: 'lenet-300-100', output: at('never.safetensors'), prune: 'magnitude', sparsity: 1 } as const;
    await expect(importWeights(await lenetFile('s.safetensors'), options)).rejects.toThrow(
      /sparsity: expected a number in \[0, 1\), received 1/,
    );
    await expect(readFile(at('never.safetensors'))).rejects.toThrow(/ENOENT/);
  });
});

describe('freetickets import', () => {
  const run = (...args: string[]) =>
    program(() => new AbortController().signal).parseAsync(['import', ...args, '--quiet'], { from: 'user' });

  it('reads its options and says what it made', async () => {
    using output = vi.spyOn(process.stdout, 'write').mockReturnValue(true); // the command still runs as a whole; only the test's own output stays clean
    await writeFile(at('names.txt'), 'cat\ndog\nnewt\n');
    const file = await lenetFile('cli.safetensors', () => true, 'linear');
    const options = ['--rename', 'linear=fc3', '--class-names', at('names.txt'), '--mean', '0.5', '--std', '0.25', '--input', '1x28x28'];
    await run(
      file,
      '--network',
      'lenet-300-100',
      '-o',
      at('cli-out.safetensors'),
      '--prune',
      'magnitude',
      '--sparsity',
      '0.5',
      '--json',
      ...options,
    );
    const { state, info } = await loadTicket(at('cli-out.safetensors'));
    expect(JSON.parse(String(output.mock.lastCall![0]))).toMatchObject({
      output: at('cli-out.safetensors'),
      parameters: { sparsifiable: 265_500, live: 132_750 },
    });
    expect(info).toMatchObject({ classes: ['cat', 'dog', 'newt'], normalization: { mean: [0.5], std: [0.25] } });
    expect([...state.topology.values()].reduce((sum, { live }) => sum + live.length, 0)).toBe(265_500 / 2);
  });

  it.each([
    [['--input', '28'], '--input: expected channels x height x width, as in 3x32x32, received "28"'],
    [['--sparsity', 'half'], '--sparsity: expected a number, received "half"'],
    [['--mean', '0.5'], '--std: expected both --mean and --std, or neither, received only one of them'],
    [['--mean', '0.5,', '--std', '1,1'], '--mean: expected numbers with commas between them, received "0.5,"'],
    [['--rename', 'linear'], '--rename: expected the file\'s name of a module = the spec\'s, as in linear=fc, received "linear"'],
  ])('%j is refused by name', async (args, message) => {
    await expect(run('x.safetensors', '--network', 'lenet-5', '-o', 'x.onnx', ...args)).rejects.toThrow(message);
  });
});
