import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkFor } from './networks.ts';

const TWO_CLASSES = { shape: [1, 4, 4], classes: ['a', 'b'] };
const flatten = { id: 'flatten', op: 'flatten', from: ['input'] };
const linear = (out: number, from = 'flatten') => ({ id: 'fc', op: 'linear', from: [from], out });
const spec = (nodes: readonly object[], shape: readonly number[] = [1, 4, 4]) => ({
  version: 1,
  name: 'tiny',
  input: { shape },
  nodes,
  output: 'fc',
});

describe('networkFor', () => {
  let folder = '';
  let path = '';
  const write = (value: unknown) => writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freetickets-networks-'));
    path = join(folder, 'tiny.json');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("makes a model for the data's pictures and classes", async () => {
    const net = await networkFor('lenet-300-100', { shape: [3, 8, 8], classes: ['a', 'b', 'c'] });
    expect([net.spec.input.shape, net.classes, net.params.get('fc1.weight')?.shape]).toEqual([[3, 8, 8], 3, [300, 192]]);
  });

  it('takes a spec from a file', async () => {
    await write(spec([flatten, linear(2)]));
    expect((await networkFor(path, TWO_CLASSES)).params.get('fc.weight')?.shape).toEqual([2, 16]);
  });

  it.each<[string, unknown, string | RegExp]>([
    ['no JSON', '{', /: expected JSON, received something else \(/],
    [
      'an unknown operation',
      spec([{ ...flatten, op: 'flaten' }, linear(2)]),
      /: expected a network spec, received one with a fault: nodes\[0\]\.op: .*flatten/,
    ],
    ['nodes that do not fit each other', spec([linear(2, 'input')]), /received one with a fault: nodes\[0\].*shape \(features\)/],
    [
      'pictures of another shape',
      spec([flatten, linear(2)], [1, 5, 4]),
      ": input.shape: expected the shape of the data's pictures, [1,4,4], received [1,5,4]",
    ],
    [
      'a list of numbers instead of pictures',
      spec([linear(2, 'input')], [16]),
      'received [16]. A flatten node makes a list of numbers of a picture',
    ],
    ['another number of classes', spec([flatten, linear(3)]), ': output: expected 2 numbers, one for each class of the data, received 3'],
  ])('refuses %s', async (_, value, message) => {
    await write(value);
    await expect(networkFor(path, TWO_CLASSES)).rejects.toThrow(message);
    await expect(networkFor(path, TWO_CLASSES)).rejects.toThrow(path);
  });

  it('says that there is no file', async () => {
    await expect(networkFor(join(folder, 'none.json'), TWO_CLASSES)).rejects.toThrow(/none\.json: expected a network spec \(JSON\)/);
  });
});
