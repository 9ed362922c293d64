import { addIntegers, addNode, type Graph } from './graph.ts';

/** Logits of one or several members: the name of a tensor (batch, members * classes). */
export interface Logits {
  readonly name: string;
  readonly members: number;
  readonly classes: number;
}

/** Stacks the members' answers; `separateOnnx` finds the networks by it. */
export const MEMBERS_NODE = 'ensemble/members';

/**
 * From the members' logits to the graph's two outputs, the ensemble's and its members': `probabilities` and `member_probabilities`, or `logits`
 * and `member_logits`. Every head is a member. One softmax serves all members.
 */
export function addAnswers(graph: Graph, logits: readonly Logits[], output: 'probabilities' | 'logits', opset: number): void {
  const axis = addIntegers(graph, 'ensemble.axis', [1]);
  const rows = logits.map(({ name, members, classes }, t) => {
    const id = `ensemble/member${t}`;
    if (members === 1) return addNode(graph, 'Unsqueeze', id, [name, axis]);
    return addNode(graph, 'Reshape', id, [name, addIntegers(graph, `${id}.shape`, [-1, members, classes])]);
  });
  const all = `member_${output}`;
  if (output === 'logits') addNode(graph, 'Concat', MEMBERS_NODE, rows, { axis: 1 }, all);
  else {
    const stacked = addNode(graph, 'Concat', MEMBERS_NODE, rows, { axis: 1 });
    addNode(graph, 'Softmax', 'ensemble/softmax', [stacked], { axis: 2 }, all);
  }
  // ReduceMean takes its axes as an attribute up to operator set 17, and as an input since.
  if (opset < 18) addNode(graph, 'ReduceMean', 'ensemble/mean', [all], { axes: [1], keepdims: 0 }, output);
  else addNode(graph, 'ReduceMean', 'ensemble/mean', [all, axis], { keepdims: 0 }, output);
}
