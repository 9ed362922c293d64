import { addIntegers, addNode, type Graph } from './graph.ts';

/** The logits of a ticket: the name of a tensor (batch, heads * classes). */
export interface TicketLogits {
  readonly name: string;
  readonly heads: number;
  readonly classes: number;
}

/** Stacks the members' answers; `separateOnnx` finds the networks by it. */
export const MEMBERS_NODE = 'ensemble/members';

/**
 * From each ticket's logits to the graph's two outputs, the ensemble's and its members': `probabilities` and `member_probabilities`, or `logits`
 * and `member_logits`. Every head is a member. One softmax serves all members.
 */
export function addAnswers(graph: Graph, logits: readonly TicketLogits[], output: 'probabilities' | 'logits', opset: number): void {
  const axis = addIntegers(graph, 'ensemble.axis', [1]);
  const rows = logits.map(({ name, heads, classes }, t) => {
    const id = `ensemble/member${t}`;
    if (heads === 1) return addNode(graph, 'Unsqueeze', id, [name, axis]);
    return addNode(graph, 'Reshape', id, [name, addIntegers(graph, `${id}.shape`, [-1, heads, classes])]);
  });
  const members = `member_${output}`;
  if (output === 'logits') addNode(graph, 'Concat', MEMBERS_NODE, rows, { axis: 1 }, members);
  else {
    const stacked = addNode(graph, 'Concat', MEMBERS_NODE, rows, { axis: 1 });
    addNode(graph, 'Softmax', 'ensemble/softmax', [stacked], { axis: 2 }, members);
  }
  // ReduceMean takes its axes as an attribute up to operator set 17, and as an input since.
  if (opset < 18) addNode(graph, 'ReduceMean', 'ensemble/mean', [members], { axes: [1], keepdims: 0 }, output);
  else addNode(graph, 'ReduceMean', 'ensemble/mean', [members, axis], { keepdims: 0 }, output);
}
