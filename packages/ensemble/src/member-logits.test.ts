import { batchEnsemble, lenet300, network, type PredictOptions, treeNet, withDropout } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { memberCount, memberLogits } from './member-logits.ts';

const small = lenet300({ input: [4], classes: 2 });
const plain = network({ ...small, nodes: small.nodes.slice(1).map((node) => (node.id === 'fc1' ? { ...node, from: ['input'] } : node)) });
const tree = network(treeNet(plain.spec, { members: 3 }));
const dropping = network(withDropout(plain.spec, 0.5));
const droppingTree = network(withDropout(tree.spec, 0.5));

/** A session that answers with the place of each number, plus 100 for each seed it was given; without a seed plus 1000. */
const counting = {
  predict: async (images: Float32Array, size: number, { dropoutSeed = 10 }: PredictOptions = {}) =>
    Float32Array.from({ length: (images.length / 4) * 6 }, (_, k) => k + 100 * dropoutSeed).subarray(0, 6 * size),
};
const images = new Float32Array(8); // two pictures

describe('members in a ticket', () => {
  it('are one, or its heads, or its passes with dropout, or heads times passes', () => {
    expect([plain, tree, dropping, droppingTree].map((net) => memberCount(net))).toEqual([1, 3, 1, 3]);
    expect([plain, tree, dropping, droppingTree].map((net) => memberCount(net, 4))).toEqual([1, 3, 4, 12]);
  });
  it('have logits head by head', async () => {
    // (2, 3, 2): the first picture has 0 to 5, the second 6 to 11
    expect((await memberLogits(counting, tree, images, 2)).map((own) => [...own])).toEqual([
      [1000, 1001, 1006, 1007],
      [1002, 1003, 1008, 1009],
      [1004, 1005, 1010, 1011],
    ]);
  });
  it('have logits pass by pass, with seeds from 0', async () => {
    const members = await memberLogits(counting, droppingTree, images, 2, 2);
    expect(members.map(([first]) => first)).toEqual([0, 2, 4, 100, 102, 104]);
  });
  it('are asked once and without dropout unless passes are wanted, or where there is none to leave on', async () => {
    expect(await memberLogits(counting, dropping, images, 2)).toHaveLength(1);
    expect((await memberLogits(counting, plain, images, 2, 5)).map(([first]) => first)).toEqual([1000]);
  });
  it('are refused where a batch has a member for each row, and for no passes', () => {
    expect(() => memberCount(network(batchEnsemble(plain.spec, 2)))).toThrow('node fc1.r: expected tickets of one member');
    expect(() => memberCount(dropping, 0)).toThrow('passes: expected a whole number of at least 1, received 0');
  });
});
