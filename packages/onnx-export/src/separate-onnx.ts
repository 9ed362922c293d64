/**
 * An ensemble's file taken apart again: one file for each of its networks, so that a server can run some of them and not the others. It
 * works on the graph alone and knows `answers.ts` beside it: what goes into the node that stacks the members is one network each.
 */
import { network, SparseError } from '@freetickets/sparse-core';
import { MEMBERS_NODE } from './answers.ts';
import { decodeOnnx } from './decode-onnx.ts';
import { describeModel } from './describe-onnx.ts';
import { prefixOf, type TicketMetadata, toProperties } from './metadata.ts';
import { encodeModel, type ModelProto, type NodeProto } from './proto.ts';

/**
 * @param bytes of an `.onnx` file that `toOnnx` wrote, in the layout `fused`
 * @param at its path, for messages
 * @returns one file per ticket, in the order of the members. Input: that of the whole. Output: `member_probabilities` or `member_logits`,
 * (batch, heads, classes). Their metadata are those of the ticket, without a calibration
 * @throws SparseError BAD_FILE for other files
 */
export function separateOnnx(bytes: Uint8Array, at: string): Uint8Array[] {
  const decoded = decodeOnnx(bytes, at);
  const { freetickets } = describeModel(decoded, at);
  const model = decoded as unknown as ModelProto;
  const { node: nodes, output: outputs } = model.graph;
  const stack = nodes.find(({ name }) => name === MEMBERS_NODE);
  const members = outputs.find(({ name }) => name.startsWith('member_'));
  if (!freetickets || !stack || !members || stack.input.length !== freetickets.specs.length)
    throw new SparseError('BAD_FILE', at, 'an ensemble whose members stand apart in the graph', new Error('another graph'));
  const tail = pathFrom(nodes, stack.output[0]!, members.name);
  const metadata = ticketsOf(freetickets);
  return stack.input.map((answer, t) => {
    const own = needed(nodes, answer);
    // What made a stack of all members now makes it of one ticket.
    const last = tail.length > 0 ? tail.map((step) => renamed(step, (name) => (name === stack.output[0] ? answer : name))) : [];
    const end = last.length > 0 ? last : [identity(answer, members.name)];
    const used = new Set([...own, ...end].flatMap(({ input }) => input));
    // Every ticket's names begin as the first one's: readers of the metadata look for them so.
    const toFirst = (name: string) => (name.startsWith(prefixOf(t)) ? prefixOf(0) + name.slice(prefixOf(t).length) : name);
    return encodeModel({
      ...model,
      metadataProps: toProperties(metadata[t]!),
      graph: {
        ...model.graph,
        node: [...own, ...end].map((node) => renamed(node, toFirst)),
        initializer: model.graph.initializer
          .filter(({ name }) => used.has(name))
          .map((constant) => ({ ...constant, name: toFirst(constant.name) })),
        output: [{ name: members.name, type: withoutMembers(members.type) }],
      },
    });
  });
}

function ticketsOf({ specs, calibration: _, ...whole }: TicketMetadata): TicketMetadata[] {
  let before = 0;
  return specs.map((spec) => {
    const { heads } = network(spec);
    const own = <Fact>(list: readonly Fact[]): readonly Fact[] => list.slice(before, before + heads);
    const ticket = {
      ...whole,
      specs: [spec],
      members: heads,
      networks: own(whole.networks),
      steps: own(whole.steps),
      sparsity: own(whole.sparsity),
    };
    before += heads;
    return { ...ticket, calibration: null };
  });
}

/** The nodes that `tensor` depends on, in their order. */
function needed(nodes: readonly NodeProto[], tensor: string): NodeProto[] {
  const wanted = new Set([tensor]);
  const own: NodeProto[] = [];
  for (const node of nodes.toReversed())
    if (node.output.some((name) => wanted.has(name))) {
      own.unshift(node);
      for (const name of node.input) wanted.add(name);
    }
  return own;
}

/** The nodes from one tensor to another, none of which joins it with anything but constants. */
function pathFrom(nodes: readonly NodeProto[], from: string, to: string): NodeProto[] {
  const after = new Set([from]);
  for (const node of nodes) if (node.input.some((name) => after.has(name))) for (const name of node.output) after.add(name);
  return needed(nodes, to).filter(({ output }) => output.some((name) => after.has(name) && name !== from));
}

const renamed = ({ name, opType, input, output, attribute }: NodeProto, to: (name: string) => string): NodeProto => ({
  name: to(name),
  opType,
  input: input.map(to),
  output: output.map(to),
  attribute,
});

const identity = (from: string, to: string): NodeProto => ({
  name: 'answer',
  opType: 'Identity',
  input: [from],
  output: [to],
  attribute: [],
});

/** (batch, members, classes) with the number of members left open: heads of one network. */
function withoutMembers({ tensorType }: ModelProto['graph']['output'][number]['type']) {
  const [batch, , classes] = tensorType.shape.dim;
  return { tensorType: { elemType: tensorType.elemType, shape: { dim: [batch!, { dimParam: 'heads' }, classes!] } } };
}
