/**
 * An ensemble's file taken apart again: one file for each of its networks, so that a server can run some of them and not the others. It
 * works on the graph alone and knows `answers.ts` beside it: what goes into the node that stacks the members is one network each.
 */
import { SparseError } from '@freetickets/sparse-core';
import { MEMBERS_NODE } from './answers.ts';
import { decodeModel, encodeModel, type ModelProto, type NodeProto } from './proto.ts';

/**
 * @param bytes of an `.onnx` file that `toOnnx` wrote
 * @param at its path, for messages
 * @returns one file per network, in the order of the members. Input: that of the whole. Output: `member_probabilities` or `member_logits`,
 * (batch, heads, classes)
 * @throws SparseError BAD_FILE for other files
 */
export function separateOnnx(bytes: Uint8Array, at: string): Uint8Array[] {
  const model = decoded(bytes, at);
  const { node: nodes, output: outputs } = model.graph;
  const stack = nodes.find(({ name }) => name === MEMBERS_NODE);
  const members = outputs.find(({ name }) => name.startsWith('member_'));
  if (!stack || !members)
    throw new SparseError('BAD_FILE', at, 'an ensemble whose members stand apart in the graph', new Error('another graph'));
  const answer = members.name;
  const tail = pathFrom(nodes, stack.output[0]!, answer);
  return stack.input.map((network) => {
    const own = needed(nodes, network);
    // What made a stack of all members now makes it of one network.
    const last = tail.length > 0 ? tail.map((step) => renamed(step, stack.output[0]!, network)) : [identity(network, answer)];
    const used = new Set([...own, ...last].flatMap(({ input }) => input));
    return encodeModel({
      ...model,
      producerName: 'freetickets-separate', // metadata properties are of the whole
      metadataProps: [],
      graph: {
        ...model.graph,
        node: [...own, ...last],
        initializer: model.graph.initializer.filter(({ name }) => used.has(name)),
        output: [{ ...members, type: withoutMembers(members.type) }],
      },
    });
  });
}

function decoded(bytes: Uint8Array, at: string): ModelProto {
  try {
    return decodeModel(bytes) as ModelProto;
  } catch (cause) {
    throw new SparseError('BAD_FILE', at, 'an ONNX model', new Error(`${bytes.length} bytes that are none`), '', { cause });
  }
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

const renamed = (node: NodeProto, from: string, to: string): NodeProto => ({
  name: node.name,
  opType: node.opType,
  input: node.input.map((name) => (name === from ? to : name)),
  output: node.output,
  attribute: node.attribute,
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
