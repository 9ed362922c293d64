/** Tickets made of a network that members share answer as it does, by float64 arithmetic on what is stored. */
import { batchEnsemble, mimo, modelByName, network, rng, splitHeads, splitMembers, treeNet, withOneInput } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { logitsOf, memberLogitsOf } from '../testing/forward.ts';
import { randomState } from '../testing/nets.ts';

const raws = [modelByName('lenet-5', { input: [2, 16, 16], classes: 4 }), modelByName('wrn-10-1', { input: [2, 8, 8], classes: 4 })];
const sampleFor = (shape: readonly number[]) => {
  const stream = rng(3).stream('sample');
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal());
};
/** Largest difference beside the largest logit: weights are rounded to float32 once more. */
const difference = (a: Float64Array, b: Float64Array) => Math.max(...a.map((x, k) => Math.abs(x - b[k]!))) / Math.max(...b.map(Math.abs));

describe.each(raws.map((raw) => [raw.name, raw] as const))('%s', (_, raw) => {
  const sample = sampleFor(raw.input.shape);

  it('split into members gives the logits of each within 1e-6', () => {
    const net = network(batchEnsemble(raw, 3));
    const shared = randomState(net, 2);
    const answers = splitMembers(shared).map((ticket) => logitsOf(network(ticket.spec), ticket, sample));
    answers.forEach((answer, member) => {
      expect(difference(answer, memberLogitsOf(net, shared, sample, member))).toBeLessThan(1e-6);
    });
    expect(difference(answers[0]!, answers[1]!)).toBeGreaterThan(0.01);
  });
  it.each([
    ['mimo', mimo(raw, 3)],
    ['treenet', treeNet(raw, { members: 3 })],
  ])('of several heads (%s) split into them gives the logits of each', (_, spec) => {
    const net = network(spec);
    const shared = randomState(net, 2);
    const input = sampleFor(spec.input.shape);
    const answers = splitHeads(shared).map((ticket) => logitsOf(network(ticket.spec), ticket, input));
    expect(answers.flatMap((answer) => [...answer])).toEqual([...logitsOf(net, shared, input)]);
  });
  it('of a tree split into heads gives the plain network thrice', () => {
    const heads = splitHeads(randomState(network(treeNet(raw, { members: 3 })), 2));
    for (const { spec } of heads) expect({ ...spec, name: raw.name }).toEqual(raw);
  });
  it('with one input gives the logits of all heads about an image seen thrice within 1e-6', () => {
    const net = network(mimo(raw, 3));
    const shared = randomState(net, 2);
    const ticket = withOneInput(shared);
    const thrice = Float32Array.of(...sample, ...sample, ...sample);
    expect(difference(logitsOf(network(ticket.spec), ticket, sample), logitsOf(net, shared, thrice))).toBeLessThan(1e-6);
  });
});
